import { rm } from 'node:fs/promises'
import { DroverError } from '../../schema/error.ts'
import {
  identifyProcess,
  isProcessAlive,
  sendSignal,
  type ProcessIdentity,
} from '../../util/process-identity.ts'
import { findGroup } from '../../util/process-table.ts'
import { waitUntil } from '../../util/wait.ts'
import type { RunReference, StopOptions } from '../contract.ts'
import { isHolderCommand } from '../holder/marks.ts'
import { markStopped } from '../holder/stop.ts'
import { runFiles } from '../run-folder.ts'
import type { LaunchdHandle } from './handle.ts'
import { jobFiles, jobLabel } from './job.ts'
import type { Launchctl } from '../../util/launchctl.ts'
import { printService } from '../../util/launchd-service.ts'
import { removeService } from './remove-service.ts'

/** How long what was killed may take to be gone, ms. */
const killMs = 5000

/** How long a holder may take to record what is over, ms. */
const recordMs = 1000

/** What a run's service is stopped by; the handle is null where none was stored. */
interface Job<T = LaunchdHandle> {
  run: RunReference
  handle: T
}

/**
 * Asks (the input was closed), then TERM, then KILL, to the group of a run. The holder is spared until
 * the end: it records how the program ended. Errors: `stop_failed`.
 */
export async function stopJob(
  launchctl: Launchctl,
  { run, handle }: Job,
  { askMs, graceMs, signal }: StopOptions,
): Promise<void> {
  const isGone = async (): Promise<boolean> => !(await isProcessAlive(handle))
  if (askMs === 0 || !(await waitUntil(isGone, { deadlineMs: askMs, signal }))) {
    markStopped(run)
    if (!(await isGone())) {
      sendSignal(-handle.pid, 'SIGTERM')
    }
    if (!(await waitUntil(isGone, { deadlineMs: graceMs, signal }))) {
      await killProgram({ run, handle }, signal)
    }
  }
  await removeJob(launchctl, { run, handle }, signal)
}

/** Ends what is left of a run, and removes what is not its record. Errors: `stop_failed`. */
export async function destroyJob(
  launchctl: Launchctl,
  { run, handle }: Job<LaunchdHandle | null>,
  signal: AbortSignal,
): Promise<void> {
  markStopped(run)
  const main = handle ?? (await findMain(launchctl, run, signal))
  if (main) {
    await killProgram({ run, handle: main }, signal)
  }
  await removeJob(launchctl, { run, handle }, signal)
  const { bell, end, stop } = runFiles(run.folder)
  for (const file of [bell, end, stop, ...Object.values(jobFiles(run.folder))]) {
    await rm(file, { force: true })
  }
}

/** Who leads the group of a run's service, as launchd tells it; null where nobody does. */
async function findMain(
  launchctl: Launchctl,
  run: RunReference,
  signal: AbortSignal,
): Promise<ProcessIdentity | null> {
  for (const domain of launchctl.domains) {
    const found = await printService(launchctl, `${domain}/${jobLabel(run)}`, signal)
    if (typeof found !== 'string' && found.pid !== null) {
      return await identifyProcess(found.pid)
    }
  }
  return null
}

/**
 * Kills the program, lets the holder record that, and kills the holder if it does not go then. What
 * is left of a group without its leader is launchd's to kill, and its number may be somebody else's.
 */
async function killProgram(
  { run, handle }: Job<ProcessIdentity>,
  signal: AbortSignal,
): Promise<void> {
  const isGone = async (): Promise<boolean> => !(await isProcessAlive(handle))
  const isClean = async (): Promise<boolean> => {
    const group = await findGroup(handle.pid)
    if (await isGone()) {
      return true
    }
    const others = group.filter(({ command }) => !isHolderCommand(command, run))
    others.forEach(({ pid }) => sendSignal(pid, 'SIGKILL'))
    return others.length === 0
  }
  await waitUntil(isClean, { deadlineMs: killMs, signal })
  if (await waitUntil(isGone, { deadlineMs: recordMs, signal })) {
    return
  }
  sendSignal(-handle.pid, 'SIGKILL')
  if (!(await waitUntil(isGone, { deadlineMs: killMs, signal }))) {
    throw new DroverError(
      'stop_failed',
      `Process ${handle.pid} did not end, though it was killed.`,
      { details: { pid: handle.pid } },
    )
  }
}

async function removeJob(
  launchctl: Launchctl,
  { run, handle }: Job<LaunchdHandle | null>,
  signal: AbortSignal,
): Promise<void> {
  for (const domain of handle ? [handle.domain] : launchctl.domains) {
    await removeService(launchctl, `${domain}/${jobLabel(run)}`, signal)
  }
}
