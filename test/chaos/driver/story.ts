import { acts } from './acts/index.ts'
import type { Plan } from './acts/act.ts'
import { inventDeath, leadingActs, pointsOf, type Death } from './deaths.ts'
import { Random } from './random.ts'
import type { RuntimeName } from './runtimes.ts'
import type { Kind } from './words.ts'

/** One thing that happens to one agent, after a pause. */
export interface Act {
  kind: string
  pauseMs: number
  data: unknown
}

/** What happens to one agent in a round, in order. */
export interface Scene {
  agent: string
  acts: Act[]
}

/** The daemon's clock is set, so long after the round began, to so much beside the system's. */
export interface ClockJump {
  afterMs: number
  toMs: number
}

/** The home's disk is full for a while, but for so many bytes. */
export interface FullDisk {
  afterMs: number
  leftBytes: number
  forMs: number
}

/** Scenes side by side while daemons die; then rest, and all is checked. */
export interface Round {
  scenes: Scene[]
  deaths: Death[]
  clockJumps: ClockJump[]
  fullDisk: FullDisk | null
}

/** All that a seed decides. */
export interface Story {
  seed: number
  agents: { name: string; kind: Kind; runtime: RuntimeName }[]
  isOnSmallDisk: boolean
  rounds: Round[]
}

export interface StoryOptions {
  seed: number
  /** How many daemons die. */
  kills: number
  agents: number
  /** Where they live; of those on `process`, one in six is at a terminal where there is a tmux; of those on `docker`, each `chat` is on `process`. */
  runtime: RuntimeName
  hasTmux: boolean
}

/** One agent in three is a `chat`, which costs a Node. */
const isChat = (index: number): boolean => index % 3 === 2

const isAtTerminal = (index: number): boolean => index % 6 === 4

const mostDeaths = 3
const hourMs = 3_600_000

/** Drover's own `chat` needs a Node, which the containers of plays don't have. */
function whereOf(
  index: number,
  { runtime, canMix }: { runtime: RuntimeName; canMix: boolean },
): RuntimeName {
  if (runtime === 'docker' && isChat(index)) {
    return 'process'
  }
  return canMix && isAtTerminal(index) ? 'tmux' : runtime
}

/** Invents a play from its seed: the same one each time. */
export function inventStory({ seed, kills, agents, runtime, hasTmux }: StoryOptions): Story {
  const random = new Random(seed)
  // What a terminal shows while the disk is full nobody can say again.
  const isOnSmallDisk = random.chance(0.2) && runtime !== 'tmux'
  const canMix = hasTmux && runtime === 'process' && !isOnSmallDisk
  const plans = Array.from({ length: agents }, (_, index): Plan => ({
    name: `${isChat(index) ? 'chat' : 'plain'}-${index + 1}`,
    kind: isChat(index) ? 'chat' : 'command',
    runtime: whereOf(index, { runtime, canMix }),
    isHeld: false,
    life: 1,
    letters: 0,
  }))
  const streams = new Map(plans.map((plan) => [plan, random.fork(plan.name)]))
  const rounds: Round[] = []
  for (let left = kills; left > 0;) {
    const isFirst = rounds.length === 0
    const count = Math.min(left, random.int(1, mostDeaths))
    const deaths = Array.from({ length: count }, (_, index) =>
      inventDeath(random, index === 0, pointsOf(runtime)),
    )
    left -= count
    const scenes = plans.map((plan) =>
      inventScene(streams.get(plan) ?? random, plan, { isFirst, deaths }),
    )
    rounds.push({
      scenes,
      deaths,
      clockJumps: inventClockJumps(random),
      fullDisk: isOnSmallDisk && random.chance(0.4) ? inventFullDisk(random) : null,
    })
  }
  const cast = plans.map(({ name, kind, runtime: where }) => ({ name, kind, runtime: where }))
  return { seed, agents: cast, isOnSmallDisk, rounds }
}

interface SceneOptions {
  isFirst: boolean
  deaths: readonly Death[]
}

function inventScene(random: Random, plan: Plan, { isFirst, deaths }: SceneOptions): Scene {
  const kinds = Array.from({ length: random.int(1, 5) }, () => chooseAct(random, plan))
  if (plan.isHeld && random.chance(0.6)) {
    kinds.unshift('start')
  }
  for (const death of deaths) {
    const leading = death.kind === 'point' ? leadingActs[death.point] : undefined
    if (leading && random.chance(0.4)) {
      kinds.splice(random.int(0, kinds.length), 0, leading)
    }
  }
  if (isFirst) {
    kinds.unshift('create')
  }
  return {
    agent: plan.name,
    acts: kinds.flatMap((kind) => {
      const pauseMs = random.chance(0.4) ? 0 : random.int(0, 250)
      const data = acts[kind]?.invent(random, plan) ?? null
      return data === null ? [] : [{ kind, pauseMs, data }]
    }),
  }
}

function chooseAct(random: Random, { runtime }: Plan): string {
  const weighted = Object.entries(acts).map(([name, { weight, weightIn }]) => ({
    name,
    weight: weightIn?.[runtime] ?? weight,
  }))
  return random.weighted(weighted).name
}

/** Hours ahead or back, and sometimes right again. */
function inventClockJumps(random: Random): ClockJump[] {
  if (!random.chance(0.25)) {
    return []
  }
  return Array.from({ length: random.int(1, 2) }, () => ({
    afterMs: random.int(0, 1000),
    toMs: random.chance(0.25) ? 0 : Math.round((random.next() * 2 - 1) * 12 * hourMs),
  }))
}

function inventFullDisk(random: Random): FullDisk {
  return {
    afterMs: random.int(0, 800),
    leftBytes: random.int(0, 40) * 4096,
    forMs: random.int(200, 1500),
  }
}
