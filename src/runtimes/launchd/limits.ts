import { describeLimits, planLimits, type LimitMeans } from '../../core/limit-plan.ts'
import { DroverError } from '../../schema/error.ts'
import { readProcessTable } from '../../util/process-table.ts'
import type { Launch, LimitRefusal } from '../contract.ts'

/**
 * launchd can set the rlimits of a service. On macOS only that of processes bounds what it names, for
 * all of the user together: no rlimit bounds the memory that programs really take there, and none the
 * share of a processor. Source: launchd.plist(5), setrlimit(2) of macOS.
 */
async function findMeans(uid: number, isCounting: boolean): Promise<LimitMeans> {
  return {
    group: { problem: 'launchd has no groups' },
    platform: 'darwin',
    isRoot: uid === 0,
    userTasks: isCounting && uid !== 0 ? await countProcesses(uid) : null,
  }
}

async function countProcesses(uid: number): Promise<number> {
  return (await readProcessTable()).filter((each) => each.uid === uid).length
}

/** The first of a launch's limits that can't be kept; null when all can. */
export async function checkLimits(
  { limits = {}, reservedBytes }: Pick<Launch, 'limits' | 'reservedBytes'>,
  uid: number,
): Promise<LimitRefusal | null> {
  const means = await findMeans(uid, limits.pids !== undefined)
  const outcome = planLimits({ limits, reservedBytes }, means)
  return 'refusal' in outcome ? { ...outcome.refusal, hint: null } : null
}

/** Errors: `unsupported` for a limit that can't be kept. */
export async function requireLimits(launch: Launch, uid: number): Promise<void> {
  const refusal = await checkLimits(launch, uid)
  if (refusal) {
    const { limit, reason } = refusal
    throw new DroverError('unsupported', `limits.${limit}: it can't be kept: ${reason}.`, {
      details: { field: `limits.${limit}` },
    })
  }
}

/** Which limits can be had, in a few words. */
export async function describeOwnLimits(uid: number): Promise<string> {
  return describeLimits(await findMeans(uid, false))
}
