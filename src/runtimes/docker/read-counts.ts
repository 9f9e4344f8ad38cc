import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { DockerHandle } from './handle.ts'

/** What the kernel counts of a container right now. */
export interface Counts {
  /** Without the file cache that would be given back. */
  memoryBytes: number
  /** Null: as much as the machine has. */
  memoryLimitBytes: number | null
  cpuNs: number
  pids: number
}

/** One file for each thing, below the folder of the group that has it. Source: cgroup-v2.rst, cgroup-v1. */
const files = {
  1: {
    memory: ['memory', 'memory.usage_in_bytes'],
    limit: ['memory', 'memory.limit_in_bytes'],
    stat: ['memory', 'memory.stat'],
    cpu: ['cpuacct', 'cpuacct.usage'],
    pids: ['pids', 'pids.current'],
  },
  2: {
    memory: ['', 'memory.current'],
    limit: ['', 'memory.max'],
    stat: ['', 'memory.stat'],
    cpu: ['', 'cpu.stat'],
    pids: ['', 'pids.current'],
  },
} as const

/** No limit of cgroup v1 is a number that no machine has. */
const noLimitBytes = 2 ** 60

/**
 * Straight from this machine's kernel, at once: engines take up to a second to tell the same. Null
 * where that can't be, as for a daemon that is in a container itself.
 */
export async function readCounts({ pid, container }: DockerHandle): Promise<Counts | null> {
  try {
    const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8')
    const version = /^\d+:[^:]*\bmemory\b/m.test(groups) ? 1 : 2
    const read = async ([controller, name]: readonly [string, string]): Promise<string> =>
      await readFile(path.join(folderOf(groups, controller, container), name), 'utf8')
    const { memory, limit, stat, cpu, pids } = files[version]
    const [used, most, parts, time, count] = await Promise.all(
      [memory, limit, stat, cpu, pids].map(read),
    )
    const cache = version === 1 ? 'total_inactive_file' : 'inactive_file'
    const limitBytes = Number(most)
    return {
      memoryBytes: Math.max(0, Number(used) - field(parts, cache)),
      memoryLimitBytes: limitBytes < noLimitBytes ? limitBytes : null,
      cpuNs: version === 1 ? Number(time) : field(time, 'usage_usec') * 1000,
      pids: Number(count),
    }
  } catch {
    return null
  }
}

/** A process of another container, or of none, is of no concern: its number may be another's by now. */
function folderOf(groups: string, controller: string, container: string): string {
  for (const line of groups.split('\n')) {
    const [, names = '', ...rest] = line.split(':')
    const group = rest.join(':')
    if (names.split(',').includes(controller) && group.includes(container)) {
      return path.join('/sys/fs/cgroup', controller, group)
    }
  }
  throw new Error(`no ${controller} group of ${container}`)
}

/** `NAME NUMBER`, a line each. */
function field(text = '', name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
}
