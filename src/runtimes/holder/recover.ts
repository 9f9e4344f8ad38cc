import { lstatSync, readFileSync } from 'node:fs'
import { isNotPlain, readPlainFile, writePlainFile } from '../../util/plain-file.ts'
import {
  bootId,
  environmentValue,
  identifyProcess,
  isProcessAlive,
} from '../../util/process-identity.ts'
import { waitUntil } from '../../util/wait.ts'
import type { Recovery, RunReference } from '../contract.ts'
import { createRunFolder, readExit, runFiles } from '../run-folder.ts'
import type { HolderHandle } from './handle.ts'
import { isHolderProcess } from './marks.ts'

/** Finds a run whose handle was stored. */
export async function recoverKnown(run: RunReference, handle: HolderHandle): Promise<Recovery> {
  const recorded = readExit(run.folder)
  if (recorded) {
    return { state: 'exited', exit: recorded }
  }
  if (handle.bootId !== bootId()) {
    return { state: 'lost', cause: 'the machine was restarted', isMachineFault: true }
  }
  if (await isProcessAlive(handle)) {
    return { state: 'running', handle }
  }
  // It may have ended between the two looks.
  const late = readExit(run.folder)
  return late ? { state: 'exited', exit: late } : goneWithoutRecord(run)
}

/** Its holder is gone and has left no ending. */
export function goneWithoutRecord(run: RunReference): Extract<Recovery, { state: 'lost' }> {
  return isClaimed(run)
    ? { state: 'lost', cause: 'its process is gone and left no record' }
    : { ...neverStarted, cause: 'its holder could not write its claim' }
}

/** A holder starts its program only once its claim is written; on a full disk it is not. */
function isClaimed(run: RunReference): boolean {
  try {
    return lstatSync(runFiles(run.folder).holder).size > 0
  } catch {
    return true
  }
}

/** What stands in the `holder` file of a run that a daemon took away before it began. */
const givenUp = 'none\n'

export const neverStarted = {
  state: 'lost',
  cause: 'it was never started',
  isUnstarted: true,
} as const

/**
 * Makes the `holder` file first, which takes the run away from a holder that is still on its way up: it
 * will see the file and end. True: nobody began it, and nobody will; false: a holder did.
 */
export function claimRun(run: RunReference): boolean {
  createRunFolder(run.folder)
  const { holder } = runFiles(run.folder)
  try {
    writePlainFile(holder, givenUp, 'create')
    return true
  } catch (error) {
    if (!isNotPlain(error) && (error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error
    }
  }
  return readClaim(holder) === givenUp
}

/** Nothing where a program put something else in its place: then it had begun. */
function readClaim(holder: string): string {
  try {
    return readPlainFile(holder)
  } catch (error) {
    if (!isNotPlain(error)) {
      throw error
    }
    return ''
  }
}

/** Finds a run of which only the intent was stored. */
export async function recoverUnknown(run: RunReference, signal: AbortSignal): Promise<Recovery> {
  if (claimRun(run)) {
    return neverStarted
  }
  const { holder } = runFiles(run.folder)
  const readPid = (): number => Number(/^(\d+)\n/.exec(readClaim(holder))?.[1] ?? 0)
  await waitUntil(() => readPid() > 0, { deadlineMs: 1000, signal })
  const identity = readPid() > 0 ? await identifyProcess(readPid()) : null
  if (identity && (await isOfRun(identity.pid, run))) {
    return await recoverKnown(run, { v: 1, ...identity })
  }
  const recorded = readExit(run.folder)
  return recorded ? { state: 'exited', exit: recorded } : goneWithoutRecord(run)
}

/** By its mark; off Linux, where nobody tells the environment of others, by its arguments. */
async function isOfRun(pid: number, run: RunReference): Promise<boolean> {
  if (process.platform !== 'linux') {
    return await isHolderProcess(pid, run)
  }
  try {
    return environmentValue(readFileSync(`/proc/${pid}/environ`, 'latin1'), 'DROVER_RUN') === run.id
  } catch {
    return false
  }
}
