import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchDaemon } from '../bench-daemon.ts'
import type { Finding, Row } from '../row.ts'
import { built, program } from '../places.ts'
import { cpuTicks, residentMb, type Scratch } from '../scratch.ts'
import { formatMb, formatMs, median } from '../statistics.ts'

const live = 300
const sleeping = 10_000
const cpuSeconds = 20
const startsAtOnce = 8
const listings = 5

/** What the daemon takes while it has nothing to do. */
export const memoryRow: Row = {
  name: 'memory',
  async measure(scratch): Promise<Finding[]> {
    const empty = await emptyNodeMb(scratch)
    const daemon = await scratch.startDaemon(withoutAdmission)
    const idleMb = await restingMb(daemon)
    await startLive(daemon)
    const liveMb = await restingMb(daemon)
    const cpuPercent = await idleCpu(daemon)
    await daemon.kill()
    await daemon.destroy()

    const crowded = await scratch.startDaemon()
    await crowded.down({ agents: false })
    await scratch.run([
      process.execPath,
      program('seed-sleeping'),
      built('store/index.js'),
      crowded.database,
      String(sleeping),
      scratch.folder,
    ])
    await crowded.up()
    const freshMb = await restingMb(crowded)
    const ps: number[] = []
    const answers: number[] = []
    for (let round = 0; round < listings; round++) {
      const begun = performance.now()
      const { stdout } = await crowded.drover('ps', '--json')
      ps.push(performance.now() - begun)
      if ((JSON.parse(stdout) as unknown[]).length !== sleeping) {
        throw new Error('`ps` did not show all agents.')
      }
      const asked = performance.now()
      await crowded.client.list()
      answers.push(performance.now() - asked)
    }
    const sleepingMb = await restingMb(crowded)
    const figures = {
      emptyMb: empty,
      idleMb,
      liveMb,
      freshMb,
      sleepingMb,
      cpuPercent,
      psMs: median(ps),
      listMs: median(answers),
    }
    const line = (what: string, mb: number, allowed: number): Finding => ({
      what: `daemon memory, ${what}`,
      measured: formatMb(mb),
      floor: `${formatMb(empty)} (empty Node process)`,
      ratio: `+${formatMb(mb - empty)}`,
      goal: `≤ +${allowed} MB`,
      isMet: mb - empty <= allowed,
      figures: {},
    })
    return [
      { ...line('no agents', idleMb, 40), figures },
      line(`${live} live agents`, liveMb, 60),
      line('10,000 sleeping agents, listed', sleepingMb, 120),
      {
        what: `daemon CPU over ${cpuSeconds} s, ${live} live agents`,
        measured: `${cpuPercent.toFixed(2)} % of a core`,
        floor: '',
        ratio: '',
        goal: '≤ 1 %',
        isMet: cpuPercent <= 1,
        figures: {},
      },
      {
        what: '`drover ps --json` with 10,000 sleeping agents',
        measured: formatMs(median(ps)),
        floor: `${formatMs(median(answers))} (the request alone)`,
        ratio: '',
        goal: '≤ 200 ms',
        isMet: median(ps) <= 200,
        figures: {},
      },
    ]
  },
}

async function emptyNodeMb(scratch: Scratch): Promise<number> {
  const child = scratch.spawn([process.execPath, '-e', 'setInterval(() => {}, 1e6)'], {
    stdio: 'ignore',
  })
  await sleep(1000)
  return residentMb(child.pid ?? 0)
}

/** Memory once the daemon has come to rest. */
async function restingMb(daemon: BenchDaemon): Promise<number> {
  await sleep(3000)
  return residentMb(daemon.pid)
}

/** For rows that need many live agents and do not measure how they come up. */
export const withoutAdmission = { config: 'admission:\n  cpuPressure: 100\n' }

/** Brings live agents up to `count`; the first `already` are there. */
export async function startLive(daemon: BenchDaemon, count = live, already = 0): Promise<void> {
  const numbers = Array.from({ length: count - already }, (_, number) => already + number).values()
  const starters = Array.from({ length: startsAtOnce }, async () => {
    for (const number of numbers) {
      await daemon.run(`live-${number}`, ['/bin/cat'])
    }
  })
  await Promise.all(starters)
}

async function idleCpu(daemon: BenchDaemon): Promise<number> {
  const before = cpuTicks(daemon.pid)
  await sleep(cpuSeconds * 1000)
  return (cpuTicks(daemon.pid) - before) / cpuSeconds
}
