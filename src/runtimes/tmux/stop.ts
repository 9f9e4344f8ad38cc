import { rm } from 'node:fs/promises'
import { isProcessAlive } from '../../util/process-identity.ts'
import { waitUntil } from '../../util/wait.ts'
import type { RunReference, StopOptions } from '../contract.ts'
import { findRunProcesses, isHolderProcess } from '../holder/marks.ts'
import { killLeftovers, stopRun } from '../holder/stop.ts'
import { runFiles } from '../run-folder.ts'
import type { TmuxHandle } from './handle.ts'
import type { TmuxServer } from './server.ts'
import { endedFile, recordEnding } from '../terminal/terminal-files.ts'

/** How long a holder may take to record what is over, ms. */
const recordMs = 2000

/** Ends a program that has a terminal, and waits for its last words. */
export async function stopAtTerminal(
  run: RunReference,
  handle: TmuxHandle,
  options: StopOptions,
): Promise<void> {
  await stopRun(run, handle, options)
  await endHolder(run, options.signal)
}

/** Its holder records the ending and goes; one that can't, since tmux gives no answer, is ended. */
async function endHolder(run: RunReference, signal: AbortSignal): Promise<void> {
  const isGone = async (): Promise<boolean> => !(await hasHolder(run))
  await waitUntil(isGone, { deadlineMs: recordMs, signal })
  await killLeftovers(run, { isSparingHolder: false, signal })
  recordEnding(run.folder)
}

async function hasHolder(run: RunReference): Promise<boolean> {
  for (const { pid } of await findRunProcesses(run)) {
    if (await isHolderProcess(pid, run)) {
      return true
    }
  }
  return false
}

/** Ends what is left of a run, and removes what is not its record. */
export async function destroyRun(
  server: TmuxServer,
  { run, handle }: { run: RunReference; handle: TmuxHandle | null },
  signal: AbortSignal,
): Promise<void> {
  const isAtTerminal = handle?.session !== null
  await killLeftovers(run, { isSparingHolder: true, signal })
  const isGone = async (): Promise<boolean> =>
    !(handle && (await isProcessAlive(handle))) && !(await hasHolder(run))
  await waitUntil(isGone, { deadlineMs: 1000, signal })
  await killLeftovers(run, { isSparingHolder: false, signal })
  recordEnding(run.folder)
  if (isAtTerminal) {
    await endSession(server, run, signal)
  }
  const { bell, end, stop, answers } = runFiles(run.folder)
  for (const file of [bell, stop, end, endedFile(run.folder), answers]) {
    await rm(file, { force: true, recursive: true })
  }
}

/** A session ends with its program. One that did not, for a pipe that takes nothing, is ended now. */
async function endSession(
  server: TmuxServer,
  run: RunReference,
  signal: AbortSignal,
): Promise<void> {
  try {
    await server.ask([['kill-session', '-t', `=${run.id}`]], signal).catch(() => null)
    await server.closeIfEmpty(signal)
  } catch {
    // Its program is dead: a tmux that answers again ends the session by itself.
    signal.throwIfAborted()
  }
}
