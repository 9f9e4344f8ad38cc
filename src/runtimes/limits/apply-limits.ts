import { existsSync } from 'node:fs'
import {
  describeLimits,
  planLimits,
  type LimitMeans,
  type LimitPlan,
} from '../../core/limit-plan.ts'
import type { AgentLimits } from '../../schema/agent-limits.ts'
import { DroverError } from '../../schema/error.ts'
import type { Launch, LimitRefusal } from '../contract.ts'
import { countUserTasks } from './count-user-tasks.ts'
import { limitedArgv } from './limited-argv.ts'
import { findBase, type GroupBase } from './cgroup.ts'
import { createGroup, groupFolder } from './limit-group.ts'
import { writeNote } from './limit-note.ts'
import { removeGroup } from './release-group.ts'

/** How long a group that was made in vain may take to go, ms. */
const releaseMs = 10_000

type Bounds = Pick<Launch, 'limits' | 'reservedBytes'>

/** The first of the limits that can't be kept here; null when all can. Changes nothing. */
export async function checkLimits(bounds: Bounds): Promise<LimitRefusal | null> {
  const { outcome } = await plan(bounds)
  return 'refusal' in outcome ? outcome.refusal : null
}

async function plan({ limits = {}, reservedBytes }: Bounds): Promise<{
  base: GroupBase | null
  outcome: { plan: LimitPlan } | { refusal: LimitRefusal }
}> {
  const { base, means } = await findMeans(limits.pids !== undefined)
  const outcome = planLimits({ limits, reservedBytes }, means)
  return 'plan' in outcome
    ? { base, outcome }
    : { base, outcome: { refusal: { ...outcome.refusal, hint: hintFor(means) } } }
}

async function findMeans(
  isCounting: boolean,
): Promise<{ base: GroupBase | null; means: LimitMeans }> {
  const found = await findBase()
  const isRoot = process.getuid?.() === 0
  const means = {
    group: found,
    platform: process.platform,
    isRoot,
    userTasks: isCounting && !isRoot ? await countUserTasks() : null,
  }
  return { base: 'problem' in found ? null : found, means }
}

/** The way to limits that can't be had now; null where there is none. */
function hintFor({ group, platform, isRoot }: LimitMeans): string | null {
  if (platform !== 'linux') {
    return null
  }
  const hasSystemd = existsSync('/run/systemd/system')
  if ('problem' in group) {
    return hasSystemd
      ? `Start the daemon in a group of its own: systemd-run${isRoot ? '' : ' --user'} --scope -p Delegate=yes drover up --detach`
      : 'Start the daemon alone in a cgroup v2 group that it may write to.'
  }
  return hasSystemd && !isRoot
    ? 'Have the controllers delegated: `systemctl edit user@.service`, and in it [Service] Delegate=cpu memory pids.'
    : 'Boot with cgroup v2 alone (cgroup_no_v1=all), or have the controllers given to this group.'
}

/** Which limits can be kept here, in a few words, and how to get the others. */
export async function probeLimits(): Promise<{ detail: string; hint: string | null }> {
  const { means } = await findMeans(false)
  const isWhole =
    'path' in means.group &&
    ['memory', 'cpu', 'pids'].every(
      (name) => 'path' in means.group && means.group.controllers.includes(name),
    )
  return { detail: describeLimits(means), hint: isWhole ? null : hintFor(means) }
}

/**
 * Makes what the limits of a run need, and gives the arguments that put its program under them. A
 * call that was aborted leaves nothing. Errors: `unsupported` for a limit that can't be kept,
 * `start_failed`.
 */
export async function applyLimits(
  launch: Launch,
  { onGroupMade, signal }: { onGroupMade: () => void; signal: AbortSignal },
): Promise<Launch['argv']> {
  const { base, outcome } = await plan(launch)
  if ('refusal' in outcome) {
    const { limit, reason } = outcome.refusal
    throw new DroverError('unsupported', `limits.${limit}: it can't be kept: ${reason}.`, {
      details: { field: `limits.${limit}` },
    })
  }
  const { group: wanted, dataBytes, processes } = outcome.plan
  const isGrouped = Object.keys(wanted).length > 0
  const group = isGrouped && base ? groupFolder(base, launch.run) : null
  const memoryBytes = dataBytes === null ? null : (launch.limits?.memoryBytes ?? null)
  writeNote(launch.run, { v: 1, group, memoryBytes })
  if (group && base) {
    await makeGroup(group, { base, wanted, signal })
    onGroupMade()
  }
  signal.throwIfAborted()
  return limitedArgv(launch.argv, { group, dataBytes, processes })
}

/** A caller that has given the run up may have released it before its group was there, so none is left then. */
async function makeGroup(
  group: string,
  { base, wanted, signal }: { base: GroupBase; wanted: AgentLimits; signal: AbortSignal },
): Promise<void> {
  try {
    await createGroup(base, group, wanted)
    signal.throwIfAborted()
  } catch (error) {
    await removeGroup(group, AbortSignal.timeout(releaseMs)).catch(() => 'told by what follows')
    signal.throwIfAborted()
    throw new DroverError(
      'start_failed',
      `limits: the group ${group} can't be made: ${(error as Error).message}`,
      { details: { field: 'limits' }, cause: error },
    )
  }
}
