import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchDaemon } from '../bench-daemon.ts'
import { built, program } from '../places.ts'
import type { Finding, Row } from '../row.ts'
import type { Scratch } from '../scratch.ts'
import { formatMs, formatRatio, median } from '../statistics.ts'
import { startLive, withoutAdmission } from './memory.ts'

const live = 1000
const sleeping = 10_000
/** The daemon looks after its runs once in this time, ms. */
const tickMs = 5000
const ticks = 8

/**
 * What looking after many agents takes, seen from outside: the CPU time that a daemon with nothing
 * else to do uses from one tick to the next. The floor reads what the kernel says of the live ones
 * as often, in a process of its own.
 */
export const superviseRow: Row = {
  name: 'supervise',
  async measure(scratch): Promise<Finding[]> {
    const daemon = await startCrowd(scratch)
    const pids = (await daemon.client.list()).flatMap(({ pid }) => (pid === null ? [] : [pid]))
    if (pids.length !== live) {
      throw new Error(`${pids.length} of ${live} agents are live.`)
    }
    const argv = [program('read-processes'), String(tickMs), ...pids.map(String)]
    const floor = scratch.spawn([process.execPath, ...argv], { stdio: 'ignore' })
    await sleep(2 * tickMs)
    const samples = { tick: [] as number[], floor: [] as number[] }
    const childFaultsBefore = childFaults(daemon.pid)
    for (let round = 0; round < ticks; round++) {
      const before = [cpuMs(daemon.pid), cpuMs(floor.pid ?? 0)] as const
      await sleep(tickMs)
      samples.tick.push(cpuMs(daemon.pid) - before[0])
      samples.floor.push(cpuMs(floor.pid ?? 0) - before[1])
    }
    const faults = childFaults(daemon.pid) - childFaultsBefore
    floor.kill()
    const [tick, read] = [median(samples.tick), median(samples.floor)]
    return [
      {
        what: `supervise tick, ${live} live and ${sleeping} sleeping agents, CPU`,
        measured: `${formatMs(tick)}, ${faults === 0 ? 'no fork' : 'forks'}`,
        floor: `${formatMs(read)} (${live} × reading /proc)`,
        ratio: formatRatio(tick / read),
        goal: '≤ 2×, no fork',
        isMet: tick / read <= 2 && faults === 0,
        figures: { tickMs: tick, floorMs: read, childFaults: faults },
      },
    ]
  },
}

async function startCrowd(scratch: Scratch): Promise<BenchDaemon> {
  const daemon = await scratch.startDaemon(withoutAdmission)
  await daemon.down({ agents: false })
  const argv = [built('store/index.js'), daemon.database, String(sleeping), scratch.folder, '1']
  await scratch.run([process.execPath, program('seed-sleeping'), ...argv])
  await daemon.up()
  await startLive(daemon, live)
  return daemon
}

/** CPU time that all threads of a process have used so far, ms. Source: Documentation/scheduler/sched-stats. */
function cpuMs(pid: number): number {
  const nanoseconds = readdirSync(`/proc/${pid}/task`).map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  )
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6
}

/** Page faults of all children that came and went: who forks has some. Source: proc(5), field 11 of `stat`. */
function childFaults(pid: number): number {
  const line = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return Number(line.slice(line.lastIndexOf(')') + 2).split(' ')[8])
}
