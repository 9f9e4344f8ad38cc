import type { Evidence } from '../evidence.ts'
import type { Life, World } from '../world.ts'
import { presentLife, type Actor } from '../world.ts'

/** A promise of Drover's, checked from outside when all has come to rest. */
export interface Invariant {
  /** The promise. */
  name: string
  /** Where it is broken, one line each. */
  check(world: World, evidence: Evidence): string[]
}

/** A check of each agent that is there, on its own. */
export function ofEachAgent(
  name: string,
  check: (each: { actor: Actor; life: Life }, evidence: Evidence, world: World) => string[],
): Invariant {
  return {
    name,
    check: (world, evidence) =>
      world.actors.flatMap((actor) => {
        const life = presentLife(actor)
        return life.isMade && !life.isRemoved ? check({ actor, life }, evidence, world) : []
      }),
  }
}

/** What is in a list more than once. */
export function repeated(list: readonly string[]): string[] {
  return [...new Set(list.filter((each, index) => list.indexOf(each) !== index))]
}
