import { z } from 'zod'

/** What a container uses right now. */
export interface ContainerStats {
  /** Without the file cache that would be given back. */
  memoryBytes: number
  /** Null: as much as the machine has. */
  memoryLimitBytes: number | null
  /** Processor time that it took since it was started, ns. */
  cpuNs: number
  /** Of one processor, since it was asked the time before; null the first time. */
  cpuPercent: number | null
  pids: number
}

export const StatsAnswer = z.object({
  read: z.string().default(''),
  memory_stats: z
    .object({
      usage: z.number().default(0),
      limit: z.number().default(0),
      stats: z.record(z.string(), z.number()).nullish(),
    })
    .nullish(),
  cpu_stats: z
    .object({ cpu_usage: z.object({ total_usage: z.number().default(0) }).nullish() })
    .nullish(),
  pids_stats: z.object({ current: z.number().default(0) }).nullish(),
})

/** What is kept of an answer to compare the next one with. */
export interface StatsMark {
  atMs: number
  cpuNs: number
}

export function readStats(
  answer: z.infer<typeof StatsAnswer>,
  machineBytes: number,
  before: StatsMark | undefined,
): { stats: ContainerStats; mark: StatsMark } {
  const { usage = 0, limit = 0, stats } = answer.memory_stats ?? {}
  // The first is of cgroup v1, the second of v2.
  const cache = stats?.['total_inactive_file'] ?? stats?.['inactive_file'] ?? 0
  const mark = {
    atMs: Date.parse(answer.read),
    cpuNs: answer.cpu_stats?.cpu_usage?.total_usage ?? 0,
  }
  const passedMs = before ? mark.atMs - before.atMs : 0
  const usedNs = before ? mark.cpuNs - before.cpuNs : 0
  return {
    mark,
    stats: {
      memoryBytes: Math.max(0, usage - cache),
      memoryLimitBytes: limit > 0 && limit < machineBytes ? limit : null,
      cpuNs: mark.cpuNs,
      cpuPercent: passedMs > 0 && usedNs >= 0 ? (usedNs / 1e6 / passedMs) * 100 : null,
      pids: answer.pids_stats?.current ?? 0,
    },
  }
}
