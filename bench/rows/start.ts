import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Finding, Row } from '../row.ts'
import { formatMs, formatRatio, interleave, median, percentile } from '../statistics.ts'

/** It prints the time at which it runs, in ns: the moment of its first byte, to within microseconds. */
const program = ['/bin/date', '+%s%N'] as const
const rounds = 60

/** From a run request to the first byte of a new agent's program on disk. */
export const startRow: Row = {
  name: 'start',
  async measure(scratch): Promise<Finding[]> {
    const daemon = await scratch.startDaemon()
    const bare: number[] = []
    const started: number[] = []
    const answered: number[] = []
    await interleave(
      rounds,
      async (round) => {
        const file = scratch.file(`bare-${round}`)
        const begun = unixMs()
        const descriptor = openSync(file, 'a', 0o600)
        const child = scratch.spawn([...program], {
          detached: true,
          stdio: ['ignore', descriptor, descriptor],
        })
        closeSync(descriptor)
        await once(child, 'exit')
        bare.push(firstByteMs(file) - begun)
      },
      async (round) => {
        const begun = unixMs()
        const agent = await daemon.client.run({
          template: 'command',
          name: `date-${round}`,
          program: [...program],
        })
        answered.push(unixMs() - begun)
        const file = daemon.runFile(agent.run ?? '', 'out')
        for (
          let tries = 0;
          tries < 1000 && !readFileSync(file, { encoding: 'utf8', flag: 'a+' }).endsWith('\n');
          tries++
        ) {
          await sleep(2)
        }
        started.push(firstByteMs(file) - begun)
        // Its ending and clean-up are no part of the next sample.
        await sleep(50)
      },
    )
    const ratio = median(started) / median(bare)
    return [
      {
        what: 'run request → program’s first byte on disk, p50',
        measured: formatMs(median(started)),
        floor: `${formatMs(median(bare))} (bare detached spawn)`,
        ratio: formatRatio(ratio),
        goal: '≤ 2.0×',
        isMet: ratio <= 2,
        figures: {
          startP50Ms: median(started),
          startP99Ms: percentile(started, 0.99),
          floorP50Ms: median(bare),
          floorP99Ms: percentile(bare, 0.99),
          answerP50Ms: median(answered),
        },
      },
    ]
  },
}

const unixMs = (): number => performance.timeOrigin + performance.now()

function firstByteMs(file: string): number {
  return Number(readFileSync(file, 'utf8')) / 1e6
}
