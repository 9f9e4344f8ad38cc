import { rm } from 'node:fs/promises'
import type { Handle, RunReference } from '../contract.ts'
import { runFiles } from '../run-folder.ts'
import { findGroups } from './find-groups.ts'
import { readNote } from './limit-note.ts'
import { emptyGroup, removeGroup } from './release-group.ts'

/** Ends whatever is left in the group of a run; nothing where it has none. */
export async function emptyOwnGroup(run: RunReference, signal: AbortSignal): Promise<void> {
  const group = readNote(run)?.group
  if (group) {
    await emptyGroup(group, signal)
  }
}

/** Removes what was made for a run's limits. */
export async function releaseLimits(
  run: RunReference,
  handle: Handle | null,
  signal: AbortSignal,
): Promise<void> {
  for (const folder of await groupsOf(run, handle)) {
    await removeGroup(folder, signal)
  }
  await rm(runFiles(run.folder).limits, { force: true })
}

/** Where the run's folder knows of no group, an orphan may still have one: its folder can be gone. */
async function groupsOf(run: RunReference, handle: Handle | null): Promise<string[]> {
  const note = readNote(run)
  if (note || handle) {
    return note?.group ? [note.group] : []
  }
  const found = await findGroups(run.instance)
  return found.filter((group) => group.run === run.id).map(({ folder }) => folder)
}
