import type { AgentLimits } from '../schema/agent-limits.ts'

/** What a machine has to bound a program with. */
export interface LimitMeans {
  /** A cgroup v2 group to make others in, with the controllers it offers; or why there is none, as a clause. */
  group: { path: string; controllers: readonly string[] } | { problem: string }
  platform: NodeJS.Platform
  /** The system's limit of processes does not bind root. */
  isRoot: boolean
  /** Processes and threads of this user, which count against its limit of processes; null: not counted. */
  userTasks: number | null
}

/** What is to be bounded. */
export interface LimitWish {
  limits: AgentLimits
  /** Memory that the program reserves and does not use, bytes; undefined: nobody knows. */
  reservedBytes: number | undefined
}

/** How limits are kept: by a group for all of a run's processes, or by rlimits for each of them. */
export interface LimitPlan {
  group: AgentLimits
  /** RLIMIT_DATA, bytes. */
  dataBytes: number | null
  /** RLIMIT_NPROC. */
  processes: number | null
}

export type LimitName = keyof AgentLimits

/** A limit that can't be kept here, and why, as a clause. */
export interface RefusedLimit {
  limit: LimitName
  reason: string
}

/** Limits that these means can keep. */
type BoundLimit = Exclude<LimitName, 'diskBytes'>

const controllers = { memoryBytes: 'memory', cpus: 'cpu', pids: 'pids' } as const satisfies Record<
  BoundLimit,
  string
>

/** A clause; whatever shares the machine's own files meets it. */
const noOwnDisk = 'it has no disk of its own'

/** How the limits can be kept with these means, or the first of them that can't. */
export function planLimits(
  wish: LimitWish,
  means: LimitMeans,
): { plan: LimitPlan } | { refusal: RefusedLimit } {
  if (wish.limits.diskBytes !== undefined) {
    return { refusal: { limit: 'diskBytes', reason: noOwnDisk } }
  }
  const plan: LimitPlan = { group: {}, dataBytes: null, processes: null }
  for (const limit of ['memoryBytes', 'cpus', 'pids'] as const) {
    const value = wish.limits[limit]
    if (value === undefined) {
      continue
    }
    const problem = problemOfGroup(limit, means)
    const reason = problem && refuseRlimit(limit, { wish, means, problem })
    if (reason) {
      return { refusal: { limit, reason } }
    }
    if (!problem) {
      plan.group[limit] = value
    } else if (limit === 'memoryBytes') {
      plan.dataBytes = value + (wish.reservedBytes ?? 0)
    } else {
      plan.processes = value
    }
  }
  return { plan }
}

/** Why a group can't keep this limit; null when it can. */
function problemOfGroup(limit: BoundLimit, { group }: LimitMeans): string | null {
  if ('problem' in group) {
    return group.problem
  }
  const controller = controllers[limit]
  return group.controllers.includes(controller)
    ? null
    : `the cgroup v2 group ${group.path} has no ${controller} controller`
}

/** Why rlimits can't keep this limit either; null when they can. */
function refuseRlimit(
  limit: BoundLimit,
  { wish, means, problem }: { wish: LimitWish; means: LimitMeans; problem: string },
): string | null {
  const onlyGroup = `only cgroup v2 can bound it, and ${problem}`
  switch (limit) {
    case 'cpus':
      return onlyGroup
    case 'memoryBytes':
      return means.platform !== 'linux'
        ? onlyGroup
        : wish.reservedBytes === undefined
          ? `its program reserves more memory than it uses, so ${onlyGroup}`
          : null
    case 'pids':
      return means.isRoot
        ? `root is not bound by the limit of processes, so ${onlyGroup}`
        : means.userTasks !== null && means.userTasks >= (wish.limits.pids ?? 0)
          ? `this user has ${means.userTasks} processes and threads, which all count, since ${problem}`
          : null
  }
}

/** What limits can be had with these means, in a few words: `memory and pids by cgroup v2; no cpus`. `group` says by what. */
export function describeLimits(means: LimitMeans, group = 'cgroup v2'): string {
  const by: Record<'group' | 'rlimit' | 'none', string[]> = { group: [], rlimit: [], none: [] }
  for (const [limit, name] of [
    ['memoryBytes', 'memory'],
    ['cpus', 'cpus'],
    ['pids', 'pids'],
  ] as const) {
    const problem = problemOfGroup(limit, means)
    // As for a program of which all is known, on a machine that is at rest.
    const wish = { limits: { [limit]: Infinity }, reservedBytes: 0 }
    by[!problem ? 'group' : refuseRlimit(limit, { wish, means, problem }) ? 'none' : 'rlimit'].push(
      name,
    )
  }
  return [
    by.group.length > 0 ? `${join(by.group)} by ${group}` : null,
    by.rlimit.includes('memory') ? 'memory (each process by itself)' : null,
    by.rlimit.includes('pids') ? 'pids (all of this user together)' : null,
    by.none.length > 0 ? `no ${by.none.join(', no ')}` : null,
  ]
    .filter((part) => part !== null)
    .join('; ')
}

function join(words: readonly string[]): string {
  return words.length > 1
    ? `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
    : (words[0] ?? '')
}
