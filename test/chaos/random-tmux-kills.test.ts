import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect } from 'vitest'
import { hasProgram, requireOrSkip } from '../support/real-programs.ts'
import { againLine, folderOf, playSeed } from './driver/play-seed.ts'
import { Tally } from './driver/report.ts'

const play = { kills: 10, agents: 5, runtime: 'tmux' } as const
const place = mkdtempSync(path.join(tmpdir(), 'drover-chaos-'))
const tally = new Tally()

const testWithTmux = requireOrSkip('tmux', hasProgram('tmux'))

afterAll(() => {
  console.log(tally.format())
  try {
    rmdirSync(place)
  } catch {
    // a folder with evidence stays
  }
})

describe('daemons, tmux servers and clients of these that are killed or freeze at random', () => {
  testWithTmux.each([3, 9])(
    'break no promise to agents at terminals, seed %d',
    { timeout: 300_000 },
    async (seed) => {
      const again = againLine({ seed, ...play })
      const played = playSeed({ seed, ...play, place, tally })
      await expect(played, `${folderOf(place, seed)}\n${again}`).resolves.toBe(undefined)
    },
  )

  testWithTmux('what holds their terminals was struck, and messages were taken', () => {
    expect(tally.sum('kills')).toBeGreaterThanOrEqual(2 * play.kills)
    const struck = ['kill the tmux server', 'freeze the tmux server', 'kill the client of tmux']
    const strikes = struck.reduce((sum, name) => sum + tally.of('strikes', name), 0)
    expect(strikes).toBeGreaterThanOrEqual(3)
    expect(tally.of('letters in the end', 'done')).toBeGreaterThanOrEqual(20)
  })
})
