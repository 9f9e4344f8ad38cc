import type { AgentVerb } from '../../../../src/client/index.ts'
import { Violation } from '../report.ts'
import type { Stage } from '../stage.ts'
import { presentLife, type Actor } from '../world.ts'
import { defineAct, type AnyAct, type Plan } from './act.ts'
import { isRefusal } from './letters.ts'

interface VerbData {
  /** How long the answer may be held back; a kill in that time cuts it off. */
  waitSeconds: number
  /** How many ask for it at once. */
  askers: number
}

interface VerbKind {
  verb: AgentVerb
  weight: number
  /** Whether it makes sense for an agent that is held, and for one that is not. */
  isFor: (plan: Plan) => boolean
  /** What it leaves behind; null: what was. */
  leavesHeld: boolean | null
}

function defineVerb({ verb, weight, isFor, leavesHeld }: VerbKind): AnyAct {
  return defineAct<VerbData>({
    weight,
    invent: (random, plan) => {
      if (!isFor(plan)) {
        return null
      }
      plan.isHeld = leavesHeld ?? plan.isHeld
      const waitSeconds = random.chance(0.3) ? random.int(1, 3) : 0
      return { waitSeconds, askers: random.chance(0.2) ? 3 : 1 }
    },
    play: async ({ waitSeconds, askers }, actor, stage) => {
      const life = presentLife(actor)
      const ask = async (): Promise<void> =>
        await askVerb(verb, { waitSeconds, isHeld: life.isHeld }, actor, stage)
      await Promise.all(Array.from({ length: askers }, ask))
      life.isHeld = leavesHeld ?? life.isHeld
    },
  })
}

async function askVerb(
  verb: AgentVerb,
  { waitSeconds, isHeld }: { waitSeconds: number; isHeld: boolean },
  { name }: Actor,
  { insist, client, tally }: Stage,
): Promise<void> {
  const isWaking = verb === 'wake' || verb === 'restart'
  try {
    await insist(async () => await client.change(name, verb, { waitSeconds }))
  } catch (error) {
    if (isWaking && isHeld && isRefusal(error, 'agent_stopped')) {
      return
    }
    if (isWaking && !isHeld && isRefusal(error, 'agent_quarantined')) {
      return tally.count('refused as given up', verb)
    }
    throw error
  }
  if (isWaking && isHeld) {
    throw new Violation('nothing wakes a stopped agent but start', [name])
  }
}

const always = (): boolean => true

export const wake = defineVerb({ verb: 'wake', weight: 6, isFor: always, leavesHeld: null })
export const sleep = defineVerb({ verb: 'sleep', weight: 12, isFor: always, leavesHeld: null })
export const stop = defineVerb({
  verb: 'stop',
  weight: 6,
  isFor: (plan) => !plan.isHeld,
  leavesHeld: true,
})
export const start = defineVerb({
  verb: 'start',
  weight: 5,
  // A crash loop, which the seed can't know of, is cleared by it too.
  isFor: always,
  leavesHeld: false,
})

export const fresh = defineVerb({ verb: 'new', weight: 5, isFor: always, leavesHeld: null })
export const restart = defineVerb({ verb: 'restart', weight: 5, isFor: always, leavesHeld: null })
