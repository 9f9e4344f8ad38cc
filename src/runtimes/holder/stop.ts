import { DroverError } from '../../schema/error.ts'
import { isProcessAlive, sendSignal } from '../../util/process-identity.ts'
import { waitUntil } from '../../util/wait.ts'
import type { RunReference, StopOptions } from '../contract.ts'
import { killDeadlineMs, killLeftovers, markStopped } from './kill-leftovers.ts'
import { findRunProcesses, isHolderProcess } from './marks.ts'
import type { HolderHandle } from './recover.ts'

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
  // The holder is among them, and outlives it.
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
