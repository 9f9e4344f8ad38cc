import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchDaemon } from '../bench-daemon.ts'
import type { Finding, Row } from '../row.ts'
import { formatMs, formatRatio, median } from '../statistics.ts'
import { startLive, withoutAdmission } from './memory.ts'

const few = 200
const many = 1000
const rounds = 3
/** How often somebody asks for the first answer, ms. */
const askMs = 5

/** The daemon is killed and started again: how long until it has every agent back. */
export const adoptionRow: Row = {
  name: 'adoption',
  async measure(scratch): Promise<Finding[]> {
    const daemon = await scratch.startDaemon(withoutAdmission)
    const empty: number[] = []
    for (let round = 0; round < rounds; round++) {
      await daemon.kill()
      empty.push((await timeUp(daemon)).readyMs)
    }
    const floor = `${formatMs(median(empty))} (\`drover up\` on an empty home)`
    const line = (found: Adoption): Pick<Finding, 'measured' | 'floor'> => ({
      measured: `${formatMs(found.readyMs)}, ${found.adopted} of ${found.live}${found.isTheSame ? '' : ', not the same ones'}`,
      floor: `${formatMs(found.floorMs)} (${found.live} × reading /proc), ${floor}`,
    })
    await startLive(daemon, few)
    const small = await adopt(daemon, few)
    await startLive(daemon, many, few)
    const large = await adopt(daemon, many)
    return [
      {
        what: `adopting ${few} live agents after kill -9, from \`drover up\` to ready`,
        ...line(small),
        ratio: formatRatio(small.readyMs / median(empty)),
        goal: '≤ 1 s, all of them',
        isMet: small.readyMs <= 1000 && isWhole(small),
        figures: {
          adoptionMs: small.readyMs,
          adopted: small.adopted,
          emptyUpMs: median(empty),
          floorMs: small.floorMs,
        },
      },
      {
        what: `adopting ${many} live agents after kill -9, from \`drover up\` to ready`,
        ...line(large),
        ratio: formatRatio(large.readyMs / median(empty)),
        goal: '≤ 3 s, all of them',
        isMet: large.readyMs <= 3000 && isWhole(large),
        figures: {
          crowdAdoptionMs: large.readyMs,
          crowdAdopted: large.adopted,
          crowdFloorMs: large.floorMs,
        },
      },
      {
        what: `the same: from \`drover up\` to the first list of all ${many}`,
        measured: formatMs(large.answerMs),
        floor,
        ratio: formatRatio(large.answerMs / median(empty)),
        goal: '≤ 0.5 s',
        isMet: large.answerMs <= 500,
        figures: { firstAnswerMs: large.answerMs },
      },
    ]
  },
}

interface Adoption {
  live: number
  /** The fewest of any round. */
  adopted: number
  isTheSame: boolean
  readyMs: number
  answerMs: number
  floorMs: number
}

const isWhole = ({ adopted, live, isTheSame }: Adoption): boolean => adopted === live && isTheSame

async function adopt(daemon: BenchDaemon, live: number): Promise<Adoption> {
  const pids = (await daemon.client.list()).map(({ pid }) => pid ?? 0)
  const [ready, answers, floor] = [[] as number[], [] as number[], [] as number[]]
  let adopted = live
  for (let round = 0; round < rounds; round++) {
    await daemon.kill()
    floor.push(readProcesses(pids))
    const { readyMs, answerMs } = await timeUp(daemon, live)
    ready.push(readyMs)
    answers.push(answerMs)
    adopted = Math.min(adopted, daemon.status.recovered.adopted)
    await sleep(200)
  }
  const found = await daemon.client.list()
  const isTheSame = found.every(({ pid, status }) => pids.includes(pid ?? -1) && status === 'idle')
  const [readyMs, answerMs, floorMs] = [median(ready), median(answers), median(floor)]
  return { live, adopted, isTheSame, readyMs, answerMs, floorMs }
}

/** From the command: until it is back, and until somebody who asks all the time was shown every agent. */
async function timeUp(
  daemon: BenchDaemon,
  live = 0,
): Promise<{ readyMs: number; answerMs: number }> {
  const begun = performance.now()
  const up = daemon.up().then(() => performance.now() - begun)
  const [readyMs, answerMs] = await Promise.all([up, firstList(daemon, live)])
  return { readyMs, answerMs: answerMs - begun }
}

async function firstList(daemon: BenchDaemon, live: number): Promise<number> {
  const client = daemon.connect()
  try {
    while (true) {
      try {
        const agents = await client.list()
        if (agents.length !== live) {
          throw new Error(`The first answer has ${agents.length} agents of ${live}.`)
        }
        return performance.now()
      } catch (error) {
        if ((error as { code?: string }).code !== 'daemon_unreachable') {
          throw error
        }
        await sleep(askMs)
      }
    }
  } finally {
    client.close()
  }
}

function readProcesses(pids: readonly number[]): number {
  const begun = performance.now()
  for (const pid of pids) {
    readFileSync(`/proc/${pid}/stat`, 'utf8')
  }
  return performance.now() - begun
}
