import type { Random } from '../random.ts'
import type { RuntimeName } from '../runtimes.ts'
import type { Stage } from '../stage.ts'
import type { Kind } from '../words.ts'
import type { Actor } from '../world.ts'

/** What the seed knows of an agent while it invents its acts: what they will have led to. */
export interface Plan {
  name: string
  kind: Kind
  runtime: RuntimeName
  isHeld: boolean
  /** Which of its name's lives it is in, and how many letters this one was sent. */
  life: number
  letters: number
}

/** One thing that somebody does to an agent. */
export interface ActKind<Data> {
  /** How often it comes, beside the others; 0: only where something leads to it. */
  weight: number
  /** How often it comes to agents of a runtime, where that is another number. */
  weightIn?: Partial<Record<RuntimeName, number>>
  /** Plain JSON, from chance alone; null where it makes no sense now. Moves the plan on. */
  invent(random: Random, plan: Plan): Data | null
  /** Does it, until it is answered. Throws a Violation for an answer that must not be. */
  play(data: Data, actor: Actor, stage: Stage): Promise<void>
}

/** An act of any kind, as the table of them holds it. */
export type AnyAct = ActKind<unknown>

export function defineAct<Data>(kind: ActKind<Data>): AnyAct {
  return {
    weight: kind.weight,
    weightIn: kind.weightIn ?? {},
    invent: (random, plan) => kind.invent(random, plan),
    play: async (data, actor, stage) => await kind.play(data as Data, actor, stage),
  }
}
