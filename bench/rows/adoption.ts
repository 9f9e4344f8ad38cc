import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Finding, Row } from '../row.ts'
import { formatMs, formatRatio, median } from '../statistics.ts'
import { startLive } from './memory.ts'

const live = 200
const rounds = 3

/** The daemon is killed and started again: how long until it has every agent back. */
export const adoptionRow: Row = {
  name: 'adoption',
  async measure(scratch): Promise<Finding[]> {
    const daemon = await scratch.startDaemon()
    const empty: number[] = []
    for (let round = 0; round < rounds; round++) {
      await daemon.kill()
      empty.push(await timeUp())
    }
    await startLive(daemon, live)
    const pids = (await daemon.client.list()).map(({ pid }) => pid ?? 0)
    const adopting: number[] = []
    const floor: number[] = []
    let adopted = live
    for (let round = 0; round < rounds; round++) {
      await daemon.kill()
      floor.push(readProcesses(pids))
      adopting.push(await timeUp())
      adopted = Math.min(adopted, daemon.status.recovered.adopted)
      await sleep(200)
    }
    const isTheSame = (await daemon.client.list()).every(
      ({ pid, status }) => pids.includes(pid ?? -1) && status === 'idle',
    )
    const ms = median(adopting)
    return [
      {
        what: `adopting ${live} live agents after kill -9, from \`drover up\` to ready`,
        measured: `${formatMs(ms)}, ${adopted} of ${live}${isTheSame ? '' : ', not the same ones'}`,
        floor: `${formatMs(median(floor))} (${live} × reading /proc), ${formatMs(median(empty))} (\`drover up\` on an empty home)`,
        ratio: formatRatio(ms / median(empty)),
        goal: '≤ 1 s, all of them',
        isMet: ms <= 1000 && adopted === live && isTheSame,
        figures: { adoptionMs: ms, adopted, emptyUpMs: median(empty), floorMs: median(floor) },
      },
    ]

    async function timeUp(): Promise<number> {
      const begun = performance.now()
      await daemon.up()
      return performance.now() - begun
    }
  },
}

function readProcesses(pids: readonly number[]): number {
  const begun = performance.now()
  for (const pid of pids) {
    readFileSync(`/proc/${pid}/stat`, 'utf8')
  }
  return performance.now() - begun
}
