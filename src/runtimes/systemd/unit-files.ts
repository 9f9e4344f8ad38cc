import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseProcessStat } from '../../util/process-identity.ts'
import type { RunReference } from '../contract.ts'
import { unitName } from './unit-name.ts'

/** What a run's folder holds beside the record that all runtimes keep. */
export interface UnitFiles {
  /** What the unit is to become; gone once it was read. */
  launch: string
  /** Written by the unit: its main process, its invocation id, its groups. */
  unit: string
  /** Written at its end: what systemd knows of that. */
  ended: string
  /** The same while it is being written: it stays where the unit is killed meanwhile. */
  endedDraft: string
}

export function unitFiles(folder: string): UnitFiles {
  return {
    launch: path.join(folder, 'launch'),
    unit: path.join(folder, 'unit'),
    ended: path.join(folder, 'ended'),
    endedDraft: path.join(folder, 'ended.new'),
  }
}

export interface UnitNote {
  pid: number
  startTime: string
  invocationId: string
  /** Folders of the groups it is in, as far as they are the unit's own; the first is systemd's. */
  groups: string[]
  /** The one that counts its memory; null: none does. */
  memoryGroup: string | null
}

/** What a run's unit wrote down when it began; null before. */
export function readUnitNote(run: RunReference): UnitNote | null {
  const text = readIfThere(unitFiles(run.folder).unit)
  const [, pid = '', invocationId = '', line = ''] = /^(\d+) ([0-9a-f]+)\n(.+)\n/.exec(text) ?? []
  const stat = parseProcessStat(line)
  if (!stat) {
    return null
  }
  const name = unitName(run)
  // The program could write the note, too: a group of another name is none.
  const places = text
    .split('\n')
    .map((each) => /^\d+:([^:]*):(\/.*)$/.exec(each))
    .flatMap((each) => (each ? [{ by: each[1] ?? '', at: each[2] ?? '' }] : []))
    .filter(({ at }) => path.basename(at) === name)
  const folderOf = (by: string, folder: string): string[] =>
    places.filter((place) => place.by === by).map(({ at }) => path.join(folder, path.normalize(at)))
  const unified = folderOf('', '/sys/fs/cgroup')
  const groups = [
    ...unified,
    ...folderOf('', '/sys/fs/cgroup/unified'),
    ...folderOf('name=systemd', '/sys/fs/cgroup/systemd'),
  ]
  return {
    pid: Number(pid),
    startTime: stat.startTime,
    invocationId,
    groups,
    memoryGroup: folderOf('memory', '/sys/fs/cgroup/memory')[0] ?? unified[0] ?? null,
  }
}

export function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
