import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { callEngine, noEngine, startEngine } from '../docker-place.ts'
import type { Finding, Row } from '../row.ts'
import { awaitRecords, answeringProgram, unixMs } from '../reading-program.ts'
import { formatMs, interleave, median, percentile } from '../statistics.ts'

const rounds = 20
const mostMs = 30

/** From a message to an agent whose container is paused, to the moment its program has read it. */
export const dockerPauseRow: Row = {
  name: 'docker-pause',
  async measure(scratch): Promise<Finding[] | string> {
    await using place = await startEngine()
    if (!place) {
      return noEngine
    }
    const { engine, image } = place
    const daemon = await scratch.startDaemon({ env: { DOCKER_HOST: engine.host } })
    const { client } = daemon
    // Not the folder that the daemon's home is in: that no container sees.
    const folder = scratch.file('work')
    mkdirSync(folder)
    const file = path.join(folder, 'read')
    await client.run({
      template: 'command',
      name: 'paused',
      runtime: 'docker',
      dir: folder,
      container: { image },
      program: answeringProgram(file),
      lifecycle: { rest: 'suspend' },
    })
    await engine.run(['run', '-d', '--name', 'other', image, '/bin/sleep', '1000'])
    const samples = { unpaused: [] as number[], read: [] as number[] }
    await interleave(
      rounds,
      async () => {
        await engine.run(['pause', 'other'])
        const begun = performance.now()
        await callEngine(engine, '/containers/other/unpause')
        samples.unpaused.push(performance.now() - begun)
      },
      async (round) => {
        await client.sleep('paused', { waitSeconds: 30 })
        const begun = unixMs()
        await client.send('paused', { body: `round ${round}` })
        const [at = Number.NaN] = await awaitRecords(file, [`round ${round}`])
        samples.read.push(at - begun)
      },
    )
    // Its engine goes first.
    await daemon.down({ agents: true })
    const more = median(samples.read) - median(samples.unpaused)
    return [
      {
        what: 'docker: message to a paused agent → read by its program, p50',
        measured: formatMs(median(samples.read)),
        floor: `${formatMs(median(samples.unpaused))} (unpause alone)`,
        ratio: `+${formatMs(more)}`,
        goal: `≤ +${mostMs} ms`,
        isMet: more <= mostMs,
        figures: {
          readP50Ms: median(samples.read),
          readP99Ms: percentile(samples.read, 0.99),
          unpauseP50Ms: median(samples.unpaused),
        },
      },
    ]
  },
}
