import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { acts } from './acts/index.ts'
import type { ContainerHouse } from './container-house.ts'
import { playFinale } from './finale.ts'
import { Violation, type Tally } from './report.ts'
import { comeToRest } from './rest.ts'
import type { ClockJump, FullDisk, Round, Scene, Story } from './story.ts'
import { openTheatre, type Theatre } from './theatre.ts'

export interface PlayOptions {
  story: Story
  /** An empty folder; all of the play is in it, and stays when a promise was broken. */
  folder: string
  tally: Tally
  /** Where its containers are to be; left out where no agent is in one. */
  house?: ContainerHouse | null
  /** Ends the play early. */
  signal?: AbortSignal
  /** Told after each round. */
  onRound?: () => void
}

/** The longest that one round may take, with all its deaths and its rest, ms. */
const roundMs = 240_000

/** Plays a story on real processes. Throws the first Violation; the evidence is in the folder. */
export async function playStory({
  story,
  folder,
  tally,
  house = null,
  signal,
  onRound,
}: PlayOptions): Promise<void> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'story.json'), JSON.stringify(story, null, 2))
  const over = new AbortController()
  const signals = signal ? [over.signal, signal] : [over.signal]
  await using theatre = await openTheatre({
    story,
    folder,
    tally,
    house,
    signal: AbortSignal.any(signals),
  })
  try {
    await theatre.keeper.raise()
    await theatre.follower.begin(theatre.stage.client)
    for (const [index, round] of story.rounds.entries()) {
      await withDeadline(playRound(round, theatre), `round ${index + 1}`, theatre)
      await withDeadline(comeToRest(theatre), `the rest of round ${index + 1}`, theatre)
      tally.count('rounds', 'played and checked')
      onRound?.()
    }
    await withDeadline(playFinale(theatre), 'the finale', theatre)
  } catch (error) {
    keepEvidence(theatre, folder, error)
    throw error
  } finally {
    over.abort(new Error('the play is over'))
  }
}

async function withDeadline<T>(work: Promise<T>, what: string, { keeper }: Theatre): Promise<T> {
  const late = sleep(roundMs, null, { ref: false }).then((): never => {
    throw new Violation('every request is answered in the end', [`${what} took ${roundMs} ms`])
  })
  return await Promise.race([work, late, keeper.broken])
}

/** Scenes, deaths and disasters side by side. */
async function playRound(round: Round, theatre: Theatre): Promise<void> {
  const rest = Promise.all(round.scenes.map(async (scene) => await playScene(scene, theatre)))
  await Promise.all([
    rest,
    theatre.keeper.live(round.deaths, rest),
    jumpClock(round.clockJumps, theatre),
    fillDisk(round.fullDisk, theatre),
  ])
}

async function playScene(scene: Scene, { stage }: Theatre): Promise<void> {
  const actor = stage.world.actors.find(({ name }) => name === scene.agent)
  for (const { kind, pauseMs, data } of scene.acts) {
    await sleep(pauseMs, undefined, { signal: stage.signal })
    if (actor) {
      actor.acts++
      stage.tally.count('acts', kind)
      await acts[kind]?.play(data, actor, stage)
    }
  }
}

async function jumpClock(jumps: readonly ClockJump[], theatre: Theatre): Promise<void> {
  const { stage } = theatre
  for (const { afterMs, toMs } of jumps) {
    await sleep(afterMs, undefined, { signal: stage.signal })
    theatre.setClock(toMs)
    stage.tally.count('disasters', 'the clock jumped')
  }
}

async function fillDisk(plan: FullDisk | null, { stage, disk }: Theatre): Promise<void> {
  if (!plan || !disk) {
    return
  }
  await sleep(plan.afterMs, undefined, { signal: stage.signal })
  stage.world.fullUntil = Infinity
  disk.fill(plan.leftBytes)
  stage.tally.count('disasters', 'the disk was full')
  await sleep(plan.forMs)
  disk.free()
  stage.world.fullUntil = performance.now()
}

function keepEvidence(theatre: Theatre, folder: string, error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  writeFileSync(path.join(folder, 'violation.txt'), `${text}\n`)
  writeFileSync(
    path.join(folder, 'world.json'),
    JSON.stringify(theatre.stage.world, replaceSets, 2),
  )
  theatre.keepHome()
}

const replaceSets = (_: string, value: unknown): unknown =>
  value instanceof Set ? [...(value as Set<unknown>)] : value
