import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createTemporaryFolder } from '../../../test/support/temporary-folder.ts'
import type { RunReference } from '../contract.ts'
import { runFiles } from '../run-folder.ts'
import { explainExit } from './explain-exit.ts'
import { readNote, writeNote } from './limit-note.ts'

let folder: string
let run: RunReference
let group: string
beforeEach(() => {
  folder = createTemporaryFolder()
  run = { id: 'run_1', instance: 'home_1', folder }
  group = path.join(folder, 'drover-home_1/run_1')
  mkdirSync(group, { recursive: true })
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe("a run's note of its limits", () => {
  test('is read as it was written, and private', () => {
    expect(readNote(run)).toBeNull()
    writeNote(run, { v: 1, group, memoryBytes: 5 })
    expect(readNote(run)).toEqual({ v: 1, group, memoryBytes: 5 })
    expect(statSync(runFiles(folder).limits).mode & 0o777).toBe(0o600)
  })

  test('is nothing when it is cut off', () => {
    writeNote(run, { v: 1, group, memoryBytes: null })
    const text = readFileSync(runFiles(folder).limits, 'utf8')
    for (const length of [0, 1, text.length - 2]) {
      writeFileSync(runFiles(folder).limits, text.slice(0, length))
      expect(readNote(run)).toBeNull()
    }
  })

  test.each([
    '/sys/fs/cgroup',
    '/',
    '/drover-home_1',
    '/drover-home_1/run_2',
    '/drover-home_2/run_1',
    '/x/drover-home_1/run_1/..',
    '/xdrover-home_1/run_1',
  ])('names no group but its own: not %s', (other) => {
    writeNote(run, { v: 1, group: other, memoryBytes: null })
    expect(readNote(run)).toEqual({ v: 1, group: null, memoryBytes: null })
  })
})

describe('what is known of an ending', () => {
  const killed = { code: null, signal: 'SIGKILL' }
  const writeEvents = (oom: number, kills: number, max = '536870912'): void => {
    writeNote(run, { v: 1, group, memoryBytes: null })
    const events = `low 0\nhigh 0\nmax 9\noom ${oom}\noom_kill ${kills}\noom_group_kill ${kills}\n`
    writeFileSync(path.join(group, 'memory.events'), events)
    writeFileSync(path.join(group, 'memory.max'), `${max}\n`)
  }

  test('is nothing where there are no limits, or no group any more', () => {
    expect(explainExit(run, killed)).toBeNull()
    writeNote(run, { v: 1, group, memoryBytes: null })
    expect(explainExit(run, killed)).toBeNull()
  })

  test('is the limit of memory where the system killed it for that', () => {
    writeEvents(1, 2)
    expect(explainExit(run, killed)).toBe('out of memory: its limit is 512 MiB')
    expect(explainExit(run, { code: 1, signal: null })).toBeNull()
    expect(explainExit(run, { code: null, signal: 'SIGTERM' })).toBeNull()
  })

  test('is not the limit where somebody else killed it', () => {
    writeEvents(0, 0)
    expect(explainExit(run, killed)).toBeNull()
  })

  test('is the machine where its own limit was not met', () => {
    writeEvents(0, 1)
    expect(explainExit(run, killed)).toBe('out of memory: the machine had none left')
    writeEvents(1, 1, 'max')
    expect(explainExit(run, killed)).toBe('out of memory: the machine had none left')
  })

  test('is no more than the limit itself where only each process has one', () => {
    writeNote(run, { v: 1, group: null, memoryBytes: 64 * 1024 ** 2 })
    expect(explainExit(run, { code: null, signal: 'SIGTRAP' })).toBe(
      'ended by SIGTRAP, under a memory limit of 64 MiB for each process',
    )
    for (const exit of [killed, { code: 1, signal: null }, { code: null, signal: 'SIGTERM' }]) {
      expect(explainExit(run, exit)).toBeNull()
    }
  })
})
