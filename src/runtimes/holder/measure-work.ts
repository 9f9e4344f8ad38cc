import { readProcessStat } from '../../util/process-identity.ts'
import type { RunReference, Work } from '../contract.ts'
import { findRunProcesses } from './marks.ts'

const tickMs = 10

/** What all processes of a run did; null when one of them can't be looked at. Linux only. */
export async function measureWork(run: RunReference): Promise<Work | null> {
  const processes: string[] = []
  let cpuMs = 0
  for (const { pid } of await findRunProcesses(run)) {
    const stat = readProcessStat(pid)
    if (!stat) {
      return null
    }
    processes.push(`${pid}:${stat.startTime}`)
    cpuMs += stat.cpuTicks * tickMs
  }
  return processes.length > 0 ? { processes: processes.toSorted(), cpuMs } : null
}
