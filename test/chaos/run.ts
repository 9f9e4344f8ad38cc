/**
 * Kills daemons at random and looks whether Drover keeps its promises; docs/contributing/chaos.md.
 * usage: npm run chaos -- [--kills N] [--agents N] [--seed N] [--minutes M] [--jobs N]
 *   [--runtime process|tmux|systemd|docker]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { ContainerHouse } from './driver/container-house.ts'
import { againLine, folderOf, killsOfPlay, playSeed } from './driver/play-seed.ts'
import { isRuntimeName, type RuntimeName } from './driver/runtimes.ts'
import { Tally, Violation } from './driver/report.ts'

const usage =
  'usage: npm run chaos -- [--kills N] [--agents N] [--seed N] [--minutes M] [--jobs N] [--runtime process|tmux|systemd|docker]'
const defaults = { kills: 100, agents: 6, seed: randomSeed(), minutes: Infinity, jobs: 1 }
type Wanted = typeof defaults & { runtime: RuntimeName }

const wanted = readArguments(process.argv.slice(2))
if (wanted) {
  process.exitCode = await main(wanted)
} else {
  process.stderr.write(`${usage}\n`)
  process.exitCode = 2
}

function randomSeed(): number {
  return Math.floor(Math.random() * 1_000_000)
}

/** Null when they can't be understood. */
function readArguments(args: string[]): Wanted | null {
  try {
    const option = { type: 'string' } as const
    const options = {
      kills: option,
      agents: option,
      seed: option,
      minutes: option,
      jobs: option,
      runtime: option,
    }
    const { values } = parseArgs({ args, options })
    const { runtime = 'process', ...numbers } = values
    const given = Object.fromEntries(
      Object.entries(numbers).map(([name, value]) => [name, Number(value)]),
    )
    const isSane = Object.values(given).every((value) => value >= 0)
    return isSane && isRuntimeName(runtime) ? { ...defaults, ...given, runtime } : null
  } catch {
    return null
  }
}

/** Plays seed after seed until there were enough kills, the time is over, or a promise is broken. */
async function main({
  kills,
  agents,
  seed: first,
  minutes,
  jobs,
  runtime,
}: Wanted): Promise<number> {
  const tally = new Tally()
  const begun = performance.now()
  const place = mkdtempSync(path.join(tmpdir(), 'drover-chaos-'))
  const stopping = new AbortController()
  const stop = (): void => stopping.abort(new Error('stopped'))
  process.once('SIGINT', stop).once('SIGTERM', stop)
  const seconds = (): number => Math.round((performance.now() - begun) / 1000)
  const show = (): void => showProgress(tally, seconds())
  const plays = Math.ceil(kills / killsOfPlay)
  let broken: { seed: number; kills: number; error: unknown } | null = null
  let next = 0

  async function work(): Promise<void> {
    await using house = runtime === 'docker' ? await ContainerHouse.open() : null
    while (next < plays && seconds() < minutes * 60 && !broken && !stopping.signal.aborted) {
      const number = next++
      const play = {
        seed: first + number,
        kills: Math.min(killsOfPlay, kills - number * killsOfPlay),
      }
      try {
        await playSeed({
          ...play,
          agents,
          runtime,
          place,
          tally,
          house,
          signal: stopping.signal,
          onRound: show,
        })
        tally.count('plays', 'to their end')
      } catch (error) {
        broken ??= { ...play, error }
      }
      show()
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))

  process.stderr.write('\n')
  process.stdout.write(`${tally.format()}\n\n`)
  const failed = broken as { seed: number; kills: number; error: unknown } | null
  if (failed && !stopping.signal.aborted) {
    const { seed, error } = failed
    const text = error instanceof Violation ? error.message : String((error as Error).stack)
    process.stdout.write(`BROKEN with seed ${seed}: ${text}\n\n`)
    process.stdout.write(`evidence  ${folderOf(place, seed)}\n`)
    process.stdout.write(`again     ${againLine({ ...failed, agents, runtime })}\n`)
    return 1
  }
  rmSync(place, { recursive: true, force: true })
  process.stdout.write(`${'violations'.padEnd(34)}      0\n`)
  const end = stopping.signal.aborted ? ', stopped before the end' : ''
  process.stdout.write(`seeds ${first} to ${first + next - 1}, ${seconds()} s${end}\n`)
  return stopping.signal.aborted ? 130 : 0
}

/** One line, over the last one on a terminal. */
function showProgress(tally: Tally, seconds: number): void {
  const line = `${tally.sum('kills')} kills, ${tally.sum('letters sent')} messages, ${tally.sum('plays')} plays, ${seconds} s`
  if (process.stderr.isTTY) {
    process.stderr.write(`\r\u001b[K${line}`)
  }
}
