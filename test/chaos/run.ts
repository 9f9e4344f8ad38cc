/**
 * Kills daemons at random and looks whether Drover keeps its promises.
 * usage: node test/chaos/run.ts [--kills N] [--agents N] [--seed N] [--minutes M] [--keep]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { playStory } from './driver/play.ts'
import { Tally, Violation } from './driver/report.ts'
import { inventStory } from './driver/story.ts'

/** Kills of one play; each play has a home of its own, and its own seed: the first one's plus its number. */
const killsOfPlay = 20

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    agents: { type: 'string', default: '6' },
    seed: { type: 'string' },
    minutes: { type: 'string', default: '0' },
    keep: { type: 'boolean', default: false },
  },
})
const wanted = {
  kills: Number(values.kills),
  agents: Number(values.agents),
  minutes: Number(values.minutes),
}
const firstSeed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
process.exitCode = await main()

async function main(): Promise<number> {
  const tally = new Tally()
  const begun = performance.now()
  const folder = mkdtempSync(path.join(tmpdir(), 'drover-chaos-'))
  const seconds = (): number => Math.round((performance.now() - begun) / 1000)
  let seed = firstSeed
  const show = (): void => {
    const line = `seed ${seed}: ${tally.sum('kills')} kills, ${tally.sum('letters sent')} letters, ${seconds()} s`
    process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${line}` : `${line}\n`)
  }
  for (let done = 0; done < wanted.kills; done += killsOfPlay, seed++) {
    if (wanted.minutes > 0 && seconds() > wanted.minutes * 60) {
      break
    }
    const kills = Math.min(killsOfPlay, wanted.kills - done)
    const place = path.join(folder, String(seed))
    try {
      const story = inventStory({ seed, kills, agents: wanted.agents })
      await playStory({
        story,
        folder: place,
        tally,
        ...(process.stderr.isTTY ? { onRound: show } : {}),
      })
      rmSync(place, { recursive: true, force: true })
      show()
    } catch (error) {
      if (!(error instanceof Violation)) {
        process.stderr.write(`seed ${seed}, evidence in ${place}\n`)
        throw error
      }
      process.stdout.write(`\nBROKEN: ${error.message}\n\n${tally.format()}\n\n`)
      process.stdout.write(
        `Evidence: ${place}\nAgain: npm run chaos -- --seed ${seed} --kills ${kills} --agents ${wanted.agents}\n`,
      )
      return 1
    }
  }
  rmSync(folder, { recursive: true, force: true })
  process.stdout.write(
    `\n${tally.format()}\n\n${'violations'.padEnd(34)}${'0'.padStart(7)}\nseeds ${firstSeed} to ${seed - 1}, ${seconds()} s\n`,
  )
  return 0
}
