import path from 'node:path'
import { z } from 'zod'
import { readPlainFile, writePlainFile } from '../../util/plain-file.ts'
import type { RunReference } from '../contract.ts'
import { runFiles } from '../run-folder.ts'
import { instanceGroup } from './cgroup.ts'

/** How a run's limits are kept: what is to be made for them, written before it is made. */
export const LimitNote = z.object({
  v: z.literal(1),
  /** Folder of its cgroup v2 group; null: it has none. */
  group: z.string().nullable(),
  /** Memory that each of its processes may have, by rlimit, bytes; null: not so bounded. */
  memoryBytes: z.number().nullable(),
})
export type LimitNote = z.infer<typeof LimitNote>

export function writeNote(run: RunReference, note: LimitNote): void {
  writePlainFile(runFiles(run.folder).limits, `${JSON.stringify(note)}\n`)
}

/**
 * The note of a run; null when it has no limits, or when nothing was made for it. The program could
 * write it, too: a group that is not the run's own is none.
 */
export function readNote(run: RunReference): LimitNote | null {
  let text: string
  try {
    text = readPlainFile(runFiles(run.folder).limits)
  } catch {
    return null
  }
  const note = parseNote(text)
  const own = path.join(path.sep, instanceGroup(run.instance), run.id)
  return note?.group && !path.normalize(note.group).endsWith(own) ? { ...note, group: null } : note
}

/** A note that was cut off is from before anything was made. */
function parseNote(text: string): LimitNote | null {
  try {
    return LimitNote.parse(JSON.parse(text))
  } catch {
    return null
  }
}
