import { once } from 'node:events'
import { appendFileSync, closeSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchDaemon } from '../bench-daemon.ts'
import { awaitRecords, readingNodeProgram, readingProgram, unixMs } from '../reading-program.ts'
import type { Finding, Row } from '../row.ts'
import type { Scratch } from '../scratch.ts'
import { formatMs, formatRatio, interleave, median, percentile } from '../statistics.ts'

const rounds = 60
const crowd = 50
const crowdRounds = 9
const nodeRounds = 3
/** What a round leaves to be done, as spare shells to be made, is no part of the next one. */
const pauseMs = 60

/** From a message to a sleeping agent to the moment its program has read it: one, and many at once. */
export const wakeRow: Row = {
  name: 'wake',
  async measure(scratch): Promise<Finding[]> {
    const daemon = await scratch.startDaemon()
    const file = scratch.file('read')
    const small: Setting = { scratch, daemon, file, prefix: 'small', program: readingProgram(file) }
    const node: Setting = { ...small, prefix: 'node', program: readingNodeProgram(file) }
    await createSleeping(small, crowd)
    const one = await compare(small, 1, rounds)
    const many = await compare(small, crowd, crowdRounds)
    await createSleeping(node, crowd)
    const manyNode = await compare(node, crowd, nodeRounds)
    return [
      {
        ...finding('message to a sleeping agent → in its stdin, p50', one, 'bare start + append'),
        goal: '≤ 1.5×',
        isMet: ratioOf(one) <= 1.5,
        figures: {
          wakeP50Ms: median(one.woken),
          wakeP99Ms: percentile(one.woken, 0.99),
          floorP50Ms: median(one.bare),
          answerP50Ms: median(one.answered),
        },
      },
      {
        ...finding(
          `${crowd} sleeping agents woken at once → all have read`,
          many,
          `${crowd} bare starts at once`,
        ),
        goal: '≤ 1.5×',
        isMet: ratioOf(many) <= 1.5,
        figures: { crowdMs: median(many.woken), crowdFloorMs: median(many.bare) },
      },
      {
        ...finding(
          `the same with a Node process as the program`,
          manyNode,
          `${crowd} bare starts at once`,
        ),
        goal: '',
        isMet: null,
        figures: { nodeCrowdMs: median(manyNode.woken), nodeCrowdFloorMs: median(manyNode.bare) },
      },
    ]
  },
}

interface Setting {
  scratch: Scratch
  daemon: BenchDaemon
  /** Where the programs put down what they have read. */
  file: string
  /** Of the agents' names. */
  prefix: string
  program: [string, ...string[]]
}

/** Times until all have read, ms. */
interface Samples {
  bare: number[]
  woken: number[]
  /** Until the requests were answered. */
  answered: number[]
}

const ratioOf = ({ bare, woken }: Samples): number => median(woken) / median(bare)

function finding(
  what: string,
  samples: Samples,
  floor: string,
): Pick<Finding, 'what' | 'measured' | 'floor' | 'ratio'> {
  return {
    what,
    measured: formatMs(median(samples.woken)),
    floor: `${formatMs(median(samples.bare))} (${floor})`,
    ratio: formatRatio(ratioOf(samples)),
  }
}

async function compare(setting: Setting, count: number, times: number): Promise<Samples> {
  const samples: Samples = { bare: [], woken: [], answered: [] }
  const lines = (text: string): string[] =>
    Array.from({ length: count }, (_, number) => `${setting.prefix} ${count} ${text} ${number}`)
  await interleave(
    times,
    async (round) => {
      samples.bare.push(await timeBare(setting, lines(`bare ${round}`)))
      await sleep(pauseMs)
    },
    async (round) => {
      const { readMs, answeredMs } = await timeWoken(setting, lines(`woken ${round}`))
      samples.woken.push(readMs)
      samples.answered.push(answeredMs)
      await putToSleep(setting, count)
      await sleep(pauseMs)
    },
  )
  return samples
}

/** The floor: each line appended to a file, and the same program started on it, all at once. */
async function timeBare({ scratch, file, program }: Setting, lines: string[]): Promise<number> {
  const begun = unixMs()
  const ends = lines.map(async (line) => {
    appendFileSync(scratch.file(`in ${line}`), `${line}\n`, { mode: 0o600 })
    const input = openSync(scratch.file(`in ${line}`), 'r')
    const output = openSync(scratch.file(`out ${line}`), 'a', 0o600)
    const child = scratch.spawn(program, { detached: true, stdio: [input, output, output] })
    closeSync(input)
    closeSync(output)
    await once(child, 'exit')
  })
  const times = await awaitRecords(file, lines)
  await Promise.all(ends)
  return Math.max(...times) - begun
}

/** A message to each agent, all requests at once. */
async function timeWoken(
  { daemon, file, prefix }: Setting,
  lines: string[],
): Promise<{ readMs: number; answeredMs: number }> {
  const begun = unixMs()
  await Promise.all(
    lines.map((body, number) => daemon.client.send(`${prefix}-${number}`, { body })),
  )
  const answeredMs = unixMs() - begun
  const times = await awaitRecords(file, lines)
  return { readMs: Math.max(...times) - begun, answeredMs }
}

async function createSleeping(setting: Setting, count: number): Promise<void> {
  for (let number = 0; number < count; number++) {
    await setting.daemon.run(`${setting.prefix}-${number}`, setting.program)
  }
  await putToSleep(setting, count)
}

async function putToSleep({ daemon, prefix }: Setting, count: number): Promise<void> {
  const asleep = await Promise.all(
    Array.from({ length: count }, (_, number) =>
      daemon.client.sleep(`${prefix}-${number}`, { waitSeconds: 60 }),
    ),
  )
  const awake = asleep.find(({ status }) => status !== 'asleep')
  if (awake) {
    throw new Error(`${awake.name} is ${awake.status}, not asleep.`)
  }
}
