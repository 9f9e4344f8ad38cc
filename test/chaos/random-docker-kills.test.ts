import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { testWithDocker } from '../support/docker-stage.ts'
import { ContainerHouse } from './driver/container-house.ts'
import { againLine, folderOf, playSeed } from './driver/play-seed.ts'
import { Tally } from './driver/report.ts'

const play = { kills: 6, agents: 4, runtime: 'docker' } as const
const place = mkdtempSync(path.join(tmpdir(), 'drover-chaos-'))
const tally = new Tally()

let house: ContainerHouse | null = null
beforeAll(async () => {
  house = ContainerHouse.isPossible ? await ContainerHouse.open() : null
}, 120_000)

afterAll(async () => {
  await house?.[Symbol.asyncDispose]()
  console.log(tally.format())
  try {
    rmdirSync(place)
  } catch {
    // a folder with evidence stays
  }
}, 120_000)

describe('daemons, engines, the lines between them and containers that are struck at random', () => {
  testWithDocker.each([14, 28])(
    'break no promise to agents in containers, seed %d',
    { timeout: 300_000 },
    async (seed) => {
      const again = againLine({ seed, ...play })
      const played = playSeed({ seed, ...play, place, tally, house })
      await expect(played, `${folderOf(place, seed)}\n${again}`).resolves.toBe(undefined)
    },
  )

  testWithDocker('what holds their programs was struck, and messages were taken', () => {
    expect(tally.sum('kills')).toBeGreaterThanOrEqual(2 * play.kills)
    const struck = tally.names('strikes').filter((name) => /engine|container/.test(name))
    expect(struck.length).toBeGreaterThanOrEqual(3)
    expect(tally.of('letters in the end', 'done')).toBeGreaterThanOrEqual(10)
  })
})
