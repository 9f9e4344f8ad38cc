import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Finding, Row } from '../row.ts'
import { formatMs, formatRatio, interleave, median, percentile } from '../statistics.ts'

const rounds = 31
const warmUp = 1

/** A command from cold, beside a Node that does nothing. */
export const cliRow: Row = {
  name: 'cli',
  async measure(scratch): Promise<Finding[]> {
    const daemon = await scratch.startDaemon()
    await daemon.run('echo', ['/bin/cat'])
    const samples = { node: [] as number[], ps: [] as number[], send: [] as number[] }
    const timed = async (
      into: number[],
      round: number,
      work: () => Promise<unknown>,
    ): Promise<void> => {
      const begun = performance.now()
      await work()
      if (round >= warmUp) {
        into.push(performance.now() - begun)
      }
    }
    await interleave(
      rounds,
      async (round) =>
        await timed(
          samples.node,
          round,
          async () => await promisify(execFile)(process.execPath, ['-e', '0']),
        ),
      async (round) => await timed(samples.ps, round, async () => await daemon.drover('ps')),
      async (round) =>
        await timed(samples.send, round, async () => await daemon.drover('send', 'echo', 'hello')),
    )
    const floor = median(samples.node)
    const line = (command: string, times: readonly number[]): Finding => ({
      what: `cold \`drover ${command}\``,
      measured: formatMs(median(times)),
      floor: `${formatMs(floor)} (\`node -e 0\`)`,
      ratio: formatRatio(median(times) / floor),
      goal: '≤ 2.5×',
      isMet: median(times) / floor <= 2.5,
      figures: {
        [`${command}P50Ms`]: median(times),
        [`${command}P99Ms`]: percentile(times, 0.99),
        nodeP50Ms: floor,
      },
    })
    return [line('ps', samples.ps), line('send', samples.send)]
  },
}
