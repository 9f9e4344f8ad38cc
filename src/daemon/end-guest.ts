import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Exit, Handle, Recovery } from '../runtimes/contract.ts'
import { readExit } from '../runtimes/run-folder.ts'
import type { GuestRow } from '../store/index.ts'
import {
  callSignal,
  getRuntime,
  guestReference,
  workDeadlineMs,
  type DaemonContext,
} from './context.ts'
import { faultPoint } from './fault-point.ts'

/** From TERM to KILL, ms. A shell that somebody sits at ignores TERM. */
const graceMs = 2000

/**
 * Brings a guest down as it was found, to its folder. May be done again, whatever of it was done
 * before. Resolves to how its program ended, where that is on record.
 */
export async function endGuest(
  context: DaemonContext,
  row: GuestRow,
  found: Exclude<Recovery, { state: 'unknown' }>,
): Promise<Exit | null> {
  const runtime = getRuntime(context, row.runtime)
  const run = guestReference(context, row.id)
  const signal = callSignal(context, graceMs + workDeadlineMs)
  let handle = row.handle === null ? null : (JSON.parse(row.handle) as Handle)
  if (found.state === 'running') {
    handle = found.handle
    await runtime.stop(run, handle, { askMs: 0, graceMs, signal })
    faultPoint('guest-stopped')
  }
  await runtime.destroy(run, handle, signal)
  faultPoint('guest-released')
  const exit = readExit(run.folder)
  await removeFolder(run.folder, signal)
  faultPoint('guest-folder-removed')
  return exit
}

/**
 * By the system's own program, which never goes through a link that is put where it saw a folder: a
 * program beside the guest may still have the folder open.
 */
async function removeFolder(folder: string, signal: AbortSignal): Promise<void> {
  await promisify(execFile)('rm', ['-rf', '--', folder], { signal })
}
