import { once } from 'node:events'
import { appendFileSync, closeSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchDaemon } from '../bench-daemon.ts'
import { awaitRecords, readingProgram, unixMs } from '../reading-program.ts'
import type { Finding, Row } from '../row.ts'
import type { Scratch } from '../scratch.ts'
import { formatMs, formatRatio, interleave, median, percentile } from '../statistics.ts'

const rounds = 60
const crowd = 50
const crowdRounds = 9
/** What a round leaves to be done, as spare shells to be made, is no part of the next one. */
const pauseMs = 60

/** From a message to a sleeping agent to the moment its program has read it: one, and many at once. */
export const wakeRow: Row = {
  name: 'wake',
  async measure(scratch): Promise<Finding[]> {
    const daemon = await scratch.startDaemon()
    const file = scratch.file('read')
    for (let number = 0; number < crowd; number++) {
      await daemon.run(`agent-${number}`, readingProgram(file))
    }
    await putToSleep(daemon, crowd)
    const one = { bare: [] as number[], woken: [] as number[], answered: [] as number[] }
    await interleave(
      rounds,
      async (round) => {
        one.bare.push(await timeBare(scratch, file, `bare ${round}`, 1))
        await sleep(pauseMs)
      },
      async (round) => {
        const { readMs, answeredMs } = await timeWoken(daemon, file, `woken ${round}`, 1)
        one.woken.push(readMs)
        one.answered.push(answeredMs)
        await putToSleep(daemon, 1)
        await sleep(pauseMs)
      },
    )
    const many = { bare: [] as number[], woken: [] as number[] }
    await interleave(
      crowdRounds,
      async (round) => {
        many.bare.push(await timeBare(scratch, file, `bare crowd ${round}`, crowd))
        await sleep(pauseMs)
      },
      async (round) => {
        many.woken.push((await timeWoken(daemon, file, `woken crowd ${round}`, crowd)).readMs)
        await putToSleep(daemon, crowd)
        await sleep(pauseMs)
      },
    )
    return [
      {
        ...finding('message to a sleeping agent → in its stdin, p50', one, 'bare start + append'),
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
        figures: { crowdMs: median(many.woken), crowdFloorMs: median(many.bare) },
      },
    ]
  },
}

function finding(
  what: string,
  { bare, woken }: { bare: readonly number[]; woken: readonly number[] },
  floor: string,
): Omit<Finding, 'figures'> {
  const ratio = median(woken) / median(bare)
  return {
    what,
    measured: formatMs(median(woken)),
    floor: `${formatMs(median(bare))} (${floor})`,
    ratio: formatRatio(ratio),
    goal: '≤ 1.5×',
    isMet: ratio <= 1.5,
  }
}

const linesOf = (text: string, count: number): string[] =>
  Array.from({ length: count }, (_, number) => `${text}, ${number}`)

/** The floor: a line appended to a file, and the same program started on it, as often as asked, at once. */
async function timeBare(
  scratch: Scratch,
  file: string,
  text: string,
  count: number,
): Promise<number> {
  const lines = linesOf(text, count)
  const begun = unixMs()
  const ends = lines.map(async (line) => {
    appendFileSync(scratch.file(`in ${line}`), `${line}\n`, { mode: 0o600 })
    const input = openSync(scratch.file(`in ${line}`), 'r')
    const output = openSync(scratch.file(`out ${line}`), 'a', 0o600)
    const child = scratch.spawn(readingProgram(file), {
      detached: true,
      stdio: [input, output, output],
    })
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
  { client }: BenchDaemon,
  file: string,
  text: string,
  count: number,
): Promise<{ readMs: number; answeredMs: number }> {
  const lines = linesOf(text, count)
  const begun = unixMs()
  await Promise.all(lines.map((body, number) => client.send(`agent-${number}`, { body })))
  const answeredMs = unixMs() - begun
  const times = await awaitRecords(file, lines)
  return { readMs: Math.max(...times) - begun, answeredMs }
}

async function putToSleep({ client }: BenchDaemon, count: number): Promise<void> {
  const asleep = await Promise.all(
    Array.from({ length: count }, (_, number) =>
      client.sleep(`agent-${number}`, { waitSeconds: 60 }),
    ),
  )
  const awake = asleep.find(({ status }) => status !== 'asleep')
  if (awake) {
    throw new Error(`${awake.name} is ${awake.status}, not asleep.`)
  }
}
