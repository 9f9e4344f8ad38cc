import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { againLine, folderOf, playSeed } from '../chaos/driver/play-seed.ts'
import { Tally } from '../chaos/driver/report.ts'

test(
  'daemons that are killed at random keep every promise to agents that are units',
  { timeout: 240_000 },
  async () => {
    const place = mkdtempSync(path.join(tmpdir(), 'drover-chaos-'))
    const play = { seed: 1, kills: 6, agents: 4, runtime: 'systemd' } as const
    const tally = new Tally()
    const played = playSeed({ ...play, place, tally })
    await expect(played, `${folderOf(place, play.seed)}\n${againLine(play)}`).resolves.toBe(
      undefined,
    )
    expect(tally.sum('kills')).toBeGreaterThanOrEqual(play.kills)
    expect(tally.of('letters in the end', 'done')).toBeGreaterThan(0)
  },
)
