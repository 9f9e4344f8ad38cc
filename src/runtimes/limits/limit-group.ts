import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { AgentLimits } from '../../schema/agent-limits.ts'
import type { RunReference } from '../contract.ts'
import {
  daemonGroup,
  foreignProcesses,
  instanceGroup,
  isGone,
  processesIn,
  putInGroup,
  type GroupBase,
} from './cgroup.ts'

/** Over how long the processor time of a group is counted out, µs; the system's own default. */
const cpuPeriodUs = 100_000

/** The folder of a run's group: known from the run before it is made. */
export function groupFolder(base: GroupBase, run: RunReference): string {
  return path.join(base.folder, instanceGroup(run.instance), run.id)
}

/** Makes a run's group with its limits; what an earlier, interrupted call made is taken as it is. */
export async function createGroup(
  base: GroupBase,
  folder: string,
  limits: AgentLimits,
): Promise<void> {
  const files = limitFiles(limits)
  const controllers = new Set(files.map(({ file }) => `+${file.split('.')[0]}`))
  const enable = async (group: string): Promise<void> =>
    await putInGroup(group, 'cgroup.subtree_control', [...controllers].join(' '))
  const parent = path.dirname(folder)
  await makeRoom(base)
  await enable(base.folder)
  for (let triesLeft = 3; ; triesLeft--) {
    try {
      await makeGroup(parent)
      await enable(parent)
      await makeGroup(folder)
      break
    } catch (error) {
      // The end of another run may take the parent away in between.
      if (!isGone(error) || triesLeft === 0) {
        throw error
      }
    }
  }
  for (const { file, value, isOptional } of files) {
    await putInGroup(folder, file, value).catch((error: unknown) => {
      if (!isOptional || !isGone(error)) {
        throw error
      }
    })
  }
}

interface LimitFile {
  file: string
  value: string
  /** Not every system has it. */
  isOptional?: boolean
}

/** What stands in which file of a group. Source: the kernel's cgroup-v2.rst. */
function limitFiles({ memoryBytes, cpus, pids }: AgentLimits): LimitFile[] {
  const files: LimitFile[] = []
  if (memoryBytes !== undefined) {
    files.push(
      { file: 'memory.max', value: String(memoryBytes) },
      // With swap a program would go on, slowly, far beyond its limit.
      { file: 'memory.swap.max', value: '0', isOptional: true },
      // All of the run or nothing: half an agent is worse than none.
      { file: 'memory.oom.group', value: '1' },
    )
  }
  if (cpus !== undefined) {
    files.push({ file: 'cpu.max', value: `${Math.round(cpus * cpuPeriodUs)} ${cpuPeriodUs}` })
  }
  if (pids !== undefined) {
    files.push({ file: 'pids.max', value: String(pids) })
  }
  return files
}

/** Moves the daemon and what it started out of the base: only then may groups below have limits. */
async function makeRoom(base: GroupBase): Promise<void> {
  if (base.isRoot || (await processesIn(base.folder)).length === 0) {
    return
  }
  const leaf = path.join(base.folder, daemonGroup)
  await makeGroup(leaf)
  // A process may start another one while it is moved.
  for (let roundsLeft = 100; roundsLeft > 0; roundsLeft--) {
    const pids = await processesIn(base.folder)
    if (pids.length === 0) {
      return
    }
    if ((await foreignProcesses(base.folder)).length > 0) {
      break
    }
    for (const pid of pids) {
      await putInGroup(leaf, 'cgroup.procs', String(pid)).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
          throw error
        }
      })
    }
  }
  throw new Error(`the group ${base.path} holds other programs, too`)
}

async function makeGroup(folder: string): Promise<void> {
  await mkdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error
    }
  })
}
