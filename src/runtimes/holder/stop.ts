import { closeSync } from 'node:fs'
import { DroverError } from '../../schema/error.ts'
import { openPlainFile } from '../../util/plain-file.ts'
import { isProcessAlive, sendSignal } from '../../util/process-identity.ts'
import { waitUntil } from '../../util/wait.ts'
import type { RunReference, StopOptions } from '../contract.ts'
import { runFiles } from '../run-folder.ts'
import type { HolderHandle } from './handle.ts'
import { findRunProcesses, isHolderProcess } from './marks.ts'

/** How long a killed process may take to be gone, ms. */
const killDeadlineMs = 5000

export interface StopRunOptions extends StopOptions {
  /** Processes of the run that carry no mark, as far as they can be found. */
  findUnmarked?: () => readonly number[]
}

/**
 * Asks (the input was closed), then TERM, then KILL, to the program and everything it started. The
 * holder is spared until the end: it records how the program ended.
 */
export async function stopRun(
  run: RunReference,
  handle: HolderHandle,
  options: StopRunOptions,
): Promise<void> {
  const { signal } = options
  const isGone = async (): Promise<boolean> => !(await isProcessAlive(handle))
  if (options.askMs > 0 && (await waitUntil(isGone, { deadlineMs: options.askMs, signal }))) {
    return await killLeftovers(run, { isSparingHolder: true, signal })
  }
  markStopped(run)
  await signalAll(run, handle, 'SIGTERM')
  // The holder may be among them: it outlives a TERM.
  options.findUnmarked?.().forEach((pid) => sendSignal(pid, 'SIGTERM'))
  if (await waitUntil(isGone, { deadlineMs: options.graceMs, signal })) {
    return await killLeftovers(run, { isSparingHolder: true, signal })
  }
  await killLeftovers(run, { isSparingHolder: true, signal })
  // Without its program the holder ends by itself; one that does not is killed with its group.
  if (!(await waitUntil(isGone, { deadlineMs: 1000, signal }))) {
    await signalAll(run, handle, 'SIGKILL')
  }
  if (!(await waitUntil(isGone, { deadlineMs: killDeadlineMs, signal }))) {
    throw new DroverError(
      'stop_failed',
      `Process ${handle.pid} did not end, though it was killed.`,
      {
        details: { pid: handle.pid },
      },
    )
  }
}

/**
 * Tells a holder that is on its way up not to begin. Without the mark a program may miss its TERM, and
 * has all its grace; so a failure is no error.
 */
export function markStopped(run: RunReference): void {
  try {
    closeSync(openPlainFile(runFiles(run.folder).stop, 'append').descriptor)
  } catch {
    // the folder is gone, the disk is full, or something else stands there
  }
}

/** To the group, and to those that left it but carry the mark. */
async function signalAll(
  run: RunReference,
  handle: HolderHandle,
  name: NodeJS.Signals,
): Promise<void> {
  if (await isProcessAlive(handle)) {
    sendSignal(-handle.pid, name)
  }
  for (const { pid } of await findRunProcesses(run)) {
    if (!(await isHolderProcess(pid, run))) {
      sendSignal(pid, name)
    }
  }
}

export interface KillOptions {
  /** The holder's own shells live on, to record how the program ended. */
  isSparingHolder: boolean
  signal: AbortSignal
}

/** Kills what carries the run's mark until nothing of it is left. Errors: `stop_failed`. */
export async function killLeftovers(
  run: RunReference,
  { isSparingHolder, signal }: KillOptions,
): Promise<void> {
  const isClean = async (): Promise<boolean> => {
    let remaining = 0
    for (const { pid } of await findRunProcesses(run)) {
      if (!isSparingHolder || !(await isHolderProcess(pid, run))) {
        sendSignal(pid, 'SIGKILL')
        remaining++
      }
    }
    return remaining === 0
  }
  if (!(await waitUntil(isClean, { deadlineMs: killDeadlineMs, signal }))) {
    throw new DroverError(
      'stop_failed',
      `Processes of run ${run.id} did not end, though they were killed.`,
    )
  }
}
