import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { planLimits, type LimitMeans, type LimitPlan } from '../../core/limit-plan.ts'
import type { AgentLimits } from '../../schema/agent-limits.ts'
import { DroverError } from '../../schema/error.ts'
import { callSystemd, type SystemdManager } from '../../util/systemd-manager.ts'
import type { Launch, LimitRefusal, RunReference } from '../contract.ts'
import { countUserTasks } from '../limits/count-user-tasks.ts'
import { limitedArgv } from '../limits/limited-argv.ts'
import { runFiles } from '../run-folder.ts'
import { readIfThere } from './unit-files.ts'

const groupsFolder = '/sys/fs/cgroup'

/** The holder's own processes, which are in the unit, too, and don't count against the program's. */
const holderTasks = 4

type Bounds = Pick<Launch, 'limits' | 'reservedBytes'>

/** Which controllers the manager can give to units, or why it can't. Asks the manager once. */
export async function findMeans(
  manager: SystemdManager,
  { isCounting, signal }: { isCounting: boolean; signal: AbortSignal },
): Promise<LimitMeans> {
  const isRoot = process.getuid?.() === 0
  return {
    group: await findGroup(manager, signal),
    platform: process.platform,
    isRoot,
    userTasks: isCounting && !isRoot ? await countUserTasks() : null,
  }
}

async function findGroup(
  manager: SystemdManager,
  signal: AbortSignal,
): Promise<LimitMeans['group']> {
  if (!existsSync(path.join(groupsFolder, 'cgroup.controllers'))) {
    const controllers = ['memory', 'cpu', 'pids'].filter((name) =>
      existsSync(path.join(groupsFolder, name)),
    )
    return manager.kind === 'system'
      ? { path: '/', controllers }
      : { problem: 'under cgroup v1 a user manager can limit nothing' }
  }
  const { code, stdout, stderr } = await callSystemd(
    manager,
    ['systemctl', 'show', '--property=ControlGroup', '--value'],
    { signal },
  )
  // The one at the root of all says nothing.
  const name = stdout.trim() || '/'
  if (code !== 0) {
    return { problem: `systemd does not say where its units are: ${stderr || 'no answer in time'}` }
  }
  const file = path.join(groupsFolder, name, 'cgroup.controllers')
  return { path: name, controllers: readIfThere(file).trim().split(' ') }
}

/** How the limits can be kept, or the first that can't. */
export async function planUnitLimits(
  manager: SystemdManager,
  { limits = {}, reservedBytes }: Bounds,
  signal: AbortSignal,
): Promise<{ plan: LimitPlan } | { refusal: LimitRefusal }> {
  const means = await findMeans(manager, { isCounting: limits.pids !== undefined, signal })
  const outcome = planLimits({ limits, reservedBytes }, means)
  return 'plan' in outcome
    ? outcome
    : { refusal: { ...outcome.refusal, hint: hintFor(manager, means) } }
}

/** The way to limits that can't be had now. */
export function hintFor({ kind }: SystemdManager, { group }: LimitMeans): string | null {
  if ('problem' in group) {
    return 'Boot with cgroup v2 alone (systemd.unified_cgroup_hierarchy=1).'
  }
  return kind === 'user'
    ? 'Have the controllers delegated: `systemctl edit user@.service`, and in it [Service] Delegate=cpu memory pids.'
    : 'Boot a kernel that has the controllers memory, cpu and pids.'
}

/** How the limits are kept. Errors: `unsupported` for one that can't be. */
export async function requirePlan(
  manager: SystemdManager,
  bounds: Bounds,
  signal: AbortSignal,
): Promise<LimitPlan> {
  const outcome = await planUnitLimits(manager, bounds, signal)
  if ('refusal' in outcome) {
    const { limit, reason } = outcome.refusal
    throw new DroverError('unsupported', `limits.${limit}: it can't be kept: ${reason}.`, {
      details: { field: `limits.${limit}` },
    })
  }
  return outcome.plan
}

/** What keeps a launch's limits: properties of its unit, and arguments that put the program under the others. */
export async function applyLimits(
  manager: SystemdManager,
  launch: Launch,
  signal: AbortSignal,
): Promise<{ argv: Launch['argv']; properties: string[] }> {
  const { group, dataBytes, processes } = await requirePlan(manager, launch, signal)
  const isOwn = dataBytes !== null || processes !== null
  if (dataBytes !== null) {
    writeOwnMemoryLimit(launch.run, launch.limits?.memoryBytes ?? dataBytes)
  }
  return {
    argv: isOwn ? limitedArgv(launch.argv, { group: null, dataBytes, processes }) : launch.argv,
    properties: unitProperties(group),
  }
}

/** Source: systemd.resource-control(5). */
export function unitProperties({ memoryBytes, cpus, pids }: AgentLimits): string[] {
  return [
    // Without a limit of its own a unit would get the manager's.
    `TasksMax=${pids === undefined ? 'infinity' : pids + holderTasks}`,
    ...(cpus === undefined ? [] : [`CPUQuota=${Math.max(1, Math.round(cpus * 100))}%`]),
    ...(memoryBytes === undefined
      ? ['OOMPolicy=continue']
      : // With swap a program would go on, slowly, far beyond its limit; half an agent is worse than none.
        [`MemoryMax=${memoryBytes}`, 'MemorySwapMax=0', 'OOMPolicy=kill']),
  ]
}

/** A limit that each process has for itself, by rlimit: written before it is made, for `explainExit`. */
const OwnLimit = z.object({ v: z.literal(1), memoryBytes: z.number() })

function writeOwnMemoryLimit(run: RunReference, memoryBytes: number): void {
  const note = JSON.stringify({ v: 1, memoryBytes })
  writeFileSync(runFiles(run.folder).limits, `${note}\n`, { mode: 0o600 })
}

/** Bytes; null where there is none. */
export function readOwnMemoryLimit(run: RunReference): number | null {
  try {
    const text = readFileSync(runFiles(run.folder).limits, 'utf8')
    return OwnLimit.parse(JSON.parse(text)).memoryBytes
  } catch {
    return null
  }
}
