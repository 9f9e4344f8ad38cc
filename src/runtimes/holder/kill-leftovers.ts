import { closeSync, openSync } from 'node:fs'
import { DroverError } from '../../schema/error.ts'
import { sendSignal } from '../../util/process-identity.ts'
import { waitUntil } from '../../util/wait.ts'
import type { RunReference } from '../contract.ts'
import { runFiles } from '../run-folder.ts'
import { findRunProcesses, isHolderProcess } from './marks.ts'

/** How long a killed process may take to be gone, ms. */
export const killDeadlineMs = 5000

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

/**
 * Tells a holder that is on its way up not to begin. Without the mark a program on its way up may
 * miss its TERM, and has all its grace; so a failure is no error.
 */
export function markStopped(run: RunReference): void {
  try {
    closeSync(openSync(runFiles(run.folder).stop, 'a', 0o600))
  } catch {
    // the folder is gone, or the disk is full
  }
}
