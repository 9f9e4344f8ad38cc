import { rmdir } from 'node:fs/promises'
import path from 'node:path'
import { DroverError } from '../../schema/error.ts'
import { sendSignal } from '../../util/process-identity.ts'
import { waitUntil } from '../../util/wait.ts'
import { groupsIn, isGone, processesIn, putInGroup } from './cgroup.ts'

/** How long killed processes may take to be gone, ms. */
const killDeadlineMs = 5000

/** Kills all in a group and below, also what hides its mark, until nothing is left. Errors: `stop_failed`. */
export async function emptyGroup(folder: string, signal: AbortSignal): Promise<void> {
  const isEmpty = async (): Promise<boolean> => {
    const pids = await processesBelow(folder)
    if (pids.length > 0) {
      // Before Linux 5.14 a group can't be killed as one.
      await putInGroup(folder, 'cgroup.kill', '1').catch(() => {
        for (const pid of pids) {
          sendSignal(pid, 'SIGKILL')
        }
      })
    }
    return pids.length === 0
  }
  if (!(await waitUntil(isEmpty, { deadlineMs: killDeadlineMs, signal }))) {
    throw new DroverError('stop_failed', `Processes in ${folder} did not end, though killed.`)
  }
}

async function processesBelow(folder: string): Promise<number[]> {
  const below = await Promise.all((await groupsIn(folder)).map(processesBelow))
  return [...(await processesIn(folder)), ...below.flat()]
}

/** Empties a run's group and removes it, and the home's when that was its last. Errors: `stop_failed`. */
export async function removeGroup(folder: string, signal: AbortSignal): Promise<void> {
  await emptyGroup(folder, signal)
  // What has just died can keep it busy for a moment.
  const isRemoved = async (): Promise<boolean> => await removeTree(folder)
  if (!(await waitUntil(isRemoved, { deadlineMs: killDeadlineMs, signal }))) {
    throw new DroverError('stop_failed', `The group ${folder} can't be removed.`)
  }
  await rmdir(path.dirname(folder)).catch(() => 'another run has its group in it')
}

/** Removes a group, those that its program made in it first; false while one is in use. */
async function removeTree(folder: string): Promise<boolean> {
  for (const group of await groupsIn(folder)) {
    await removeTree(group)
  }
  try {
    await rmdir(folder)
    return true
  } catch (error) {
    return isGone(error)
  }
}
