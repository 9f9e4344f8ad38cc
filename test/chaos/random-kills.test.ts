import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { againLine, folderOf, playSeed } from './driver/play-seed.ts'
import { Tally } from './driver/report.ts'
import { inventStory } from './driver/story.ts'

const kills = 16
const agents = 6
const runtime = 'process'
const place = mkdtempSync(path.join(tmpdir(), 'drover-chaos-'))
const tally = new Tally()

/** Three that are always the same, and one that is new each time. */
const seeds = [1, 2, 4, Math.floor(Math.random() * 1_000_000)]

afterAll(() => {
  console.log(`seeds ${seeds.join(', ')}\n${tally.format()}`)
  try {
    rmdirSync(place)
  } catch {
    // a folder with evidence stays
  }
})

describe.concurrent('daemons that are killed at random instants and at named points', () => {
  test.each(seeds)('keep every promise, seed %d', { timeout: 600_000 }, async (seed) => {
    const again = againLine({ seed, kills, agents, runtime })
    const played = playSeed({ seed, kills, agents, runtime, place, tally })
    await expect(played, `${folderOf(place, seed)}\n${again}`).resolves.toBe(undefined)
  })
})

test('there were at least sixty kills, and messages enough', () => {
  expect(tally.sum('kills')).toBeGreaterThanOrEqual(60)
  expect(tally.sum('letters sent')).toBeGreaterThanOrEqual(200)
  expect(tally.of('letters in the end', 'done')).toBeGreaterThanOrEqual(40)
})

test('a seed gives the same story each time, and another another', () => {
  const options = { kills: 40, agents: 6, runtime, hasTmux: true } as const
  const story = inventStory({ seed: 7, ...options })
  expect(inventStory({ seed: 7, ...options })).toEqual(story)
  expect(inventStory({ seed: 8, ...options })).not.toEqual(story)
})
