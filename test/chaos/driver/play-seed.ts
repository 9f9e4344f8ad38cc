import { rmSync } from 'node:fs'
import path from 'node:path'
import { hasProgram } from '../../support/real-programs.ts'
import type { ContainerHouse } from './container-house.ts'
import { playStory } from './play.ts'
import type { Tally } from './report.ts'
import type { RuntimeName } from './runtimes.ts'
import { inventStory } from './story.ts'
import { playWedged } from './wedged-play.ts'

/** Kills of one play. Each play has a home of its own, and a seed of its own that reproduces it. */
export const killsOfPlay = 20

/** Every so many seeds a play on a wedged runtime goes along. */
const wedgedEvery = 4
const wedgedRounds = 3

export interface SeedOptions {
  seed: number
  kills: number
  agents: number
  /** Where its agents live. */
  runtime: RuntimeName
  /** Where the play's folder is made; it stays when a promise was broken. */
  place: string
  tally: Tally
  /** For a play in containers. */
  house?: ContainerHouse | null
  signal?: AbortSignal
  onRound?: () => void
}

/** Plays all that a seed decides. Throws a Violation; the evidence is in `folderOf(place, seed)` then. */
export async function playSeed({
  seed,
  kills,
  agents,
  runtime,
  place,
  ...options
}: SeedOptions): Promise<void> {
  const folder = folderOf(place, seed)
  const wedged =
    seed % wedgedEvery === 0
      ? playWedged({
          seed,
          rounds: wedgedRounds,
          folder: path.join(folder, 'wedged'),
          tally: options.tally,
        })
      : Promise.resolve()
  const story = inventStory({ seed, kills, agents, runtime, hasTmux: hasProgram('tmux') })
  const played = playStory({ story, folder, ...options })
  const ends = await Promise.allSettled([played, wedged])
  const failure = ends.find((end) => end.status === 'rejected')
  if (failure) {
    throw failure.reason
  }
  rmSync(folder, { recursive: true, force: true })
}

export function folderOf(place: string, seed: number): string {
  return path.join(place, String(seed))
}

/** What is typed to have it again. */
export function againLine({
  seed,
  kills,
  agents,
  runtime,
}: Pick<SeedOptions, 'seed' | 'kills' | 'agents' | 'runtime'>): string {
  return `npm run chaos -- --seed ${seed} --kills ${kills} --agents ${agents} --runtime ${runtime}`
}
