import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchDaemon } from '../bench-daemon.ts'
import { noEngine, startEngine } from '../docker-place.ts'
import type { Finding, Row } from '../row.ts'
import { formatMs, formatRatio, interleave, median, percentile } from '../statistics.ts'

/** It prints the time at which it runs, in ns: the moment of its first byte, to within microseconds. */
const program = ['/bin/date', '+%s%N'] as const
const rounds = 20

/** From a run request to the first byte of a program in a container of its own: a new one, and one that is there. */
export const dockerStartRow: Row = {
  name: 'docker-start',
  async measure(scratch): Promise<Finding[] | string> {
    await using place = await startEngine()
    if (!place) {
      return noEngine
    }
    const { engine, image } = place
    const daemon = await scratch.startDaemon({ env: { DOCKER_HOST: engine.host } })
    const samples = { bare: [] as number[], made: [] as number[], woken: [] as number[] }
    await interleave(
      rounds,
      async () => {
        const begun = unixMs()
        const said = await engine.run(['run', '--rm', image, ...program])
        samples.bare.push(Number(said) / 1e6 - begun)
      },
      async (round) => {
        const begun = unixMs()
        const agent = await daemon.client.run({
          template: 'command',
          name: `date-${round}`,
          runtime: 'docker',
          container: { image },
          program: [...program],
        })
        samples.made.push((await firstByteMs(daemon, agent.run ?? '')) - begun)
        await endedRun(daemon, agent.name, null)
      },
      async (round) => {
        const name = `date-${round}`
        const before = await endedRun(daemon, name, null)
        const begun = unixMs()
        await daemon.client.wake(name)
        const run = await endedRun(daemon, name, before)
        samples.woken.push((await firstByteMs(daemon, run)) - begun)
        await daemon.client.remove(name, { force: true })
      },
    )
    const ratio = median(samples.made) / median(samples.bare)
    return [
      {
        what: 'docker: run request → first byte in a new container, p50',
        measured: formatMs(median(samples.made)),
        floor: `${formatMs(median(samples.bare))} (\`docker run --rm\`, same image and program)`,
        ratio: formatRatio(ratio),
        goal: '≤ 1.15×',
        isMet: ratio <= 1.15,
        figures: {
          startP50Ms: median(samples.made),
          startP99Ms: percentile(samples.made, 0.99),
          floorP50Ms: median(samples.bare),
        },
      },
      {
        what: 'docker: wake → first byte in its container, p50',
        measured: formatMs(median(samples.woken)),
        floor: `${formatMs(median(samples.bare))} (\`docker run --rm\`, same image and program)`,
        ratio: formatRatio(median(samples.woken) / median(samples.bare)),
        goal: '',
        isMet: null,
        figures: { wakeP50Ms: median(samples.woken) },
      },
    ]
  },
}

const unixMs = (): number => performance.timeOrigin + performance.now()

async function firstByteMs(daemon: BenchDaemon, run: string): Promise<number> {
  const file = daemon.runFile(run, 'out')
  for (;;) {
    const said = readFileSync(file, { encoding: 'utf8', flag: 'a+' })
    if (said.endsWith('\n')) {
      return Number(said) / 1e6
    }
    await sleep(2)
  }
}

/** The id of its latest run, once that has ended and is another than `before`. */
async function endedRun(daemon: BenchDaemon, name: string, before: string | null): Promise<string> {
  for (;;) {
    const { status, lastRun } = await daemon.client.show(name)
    if (status === 'asleep' && lastRun && lastRun.id !== before) {
      return lastRun.id
    }
    await sleep(10)
  }
}
