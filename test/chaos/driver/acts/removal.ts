import type { LifecycleWish } from '../../../../src/schema/lifecycle.ts'
import type { Random } from '../random.ts'
import { Violation } from '../report.ts'
import type { Stage } from '../stage.ts'
import { beginLife, presentLife, type Actor, type Letter } from '../world.ts'
import { defineAct, type Plan } from './act.ts'
import { inventLetter, isRefusal } from './letters.ts'

/** How quiet a plain program must be for its answer to be whole, ms; short, so that a play is short. */
const settleMs = 40

/** How long a stopping program may take before it is killed, ms. */
const graceMs = 300

interface MakeData {
  letter: Letter | null
  lifecycle: LifecycleWish
}

function inventMaking(random: Random, plan: Plan): MakeData {
  return {
    letter: random.chance(0.6) ? inventLetter(random, plan) : null,
    lifecycle: {
      restart: random.pick(['never', 'never', 'on-failure', 'always']),
      idleMs: random.pick([0, 0, 300, 1500]),
      tries: random.int(1, 3),
    },
  }
}

/** Makes the agent, the same request until it is answered; with a first letter, or without. */
async function make({ letter, lifecycle }: MakeData, actor: Actor, stage: Stage): Promise<void> {
  const life = presentLife(actor)
  const sent = letter && { ...letter, id: null, act: actor.acts, answer: 'none' as const }
  const request = {
    name: actor.name,
    runtime: actor.runtime,
    requestId: life.id,
    dir: life.folder,
    graceMs,
    lifecycle,
    ...(letter ? { prompt: letter.body } : {}),
    ...(life.program
      ? { template: 'command', program: [life.program, life.folder], options: { settleMs } }
      : {
          template: 'chat',
          model: 'scripted',
          options: { endpoint: 'openai', url: `${stage.modelUrl}/v1`, askTools: false },
        }),
  }
  const made = await stage.insist(async () => await stage.client.run(request))
  life.isMade = true
  stage.tally.count('agents made', actor.kind)
  if (sent) {
    if (made.message?.body !== sent.body) {
      throw new Violation('an agent is made with its first message', [
        `${life.id}: ${JSON.stringify(made.message)}`,
      ])
    }
    stage.tally.count('letters sent', `to ${actor.kind}`)
    stage.tally.count('letters answered', 'taken')
    life.letters.push({ ...sent, id: made.message.id, answer: 'taken' })
  }
}

/** The first act of all. */
export const create = defineAct<MakeData>({
  weight: 0,
  invent: inventMaking,
  play: make,
})

/** Removes the agent for good, whatever it does; the name begins a new life at once. */
export const remove = defineAct<MakeData & { waitSeconds: number }>({
  weight: 2,
  invent: (random, plan) => {
    Object.assign(plan, { isHeld: false, life: plan.life + 1, letters: 0 })
    return { ...inventMaking(random, plan), waitSeconds: random.pick([1, 20]) }
  },
  play: async ({ letter, lifecycle, waitSeconds }, actor, stage) => {
    await removeForGood(actor, stage, waitSeconds)
    beginLife(stage.world, actor)
    await make({ letter, lifecycle }, actor, stage)
  },
})

/** A removal that was asked for and answered by nobody may have happened. */
export async function removeForGood(
  actor: Actor,
  { insist, client, tally }: Stage,
  waitSeconds: number,
): Promise<void> {
  const life = presentLife(actor)
  life.isRemoved = true
  for (;;) {
    try {
      await insist(async () => await client.remove(actor.name, { force: true, waitSeconds }))
    } catch (error) {
      if (isRefusal(error, 'agent_not_found')) {
        tally.count('agents removed', actor.kind)
        return
      }
      throw error
    }
  }
}
