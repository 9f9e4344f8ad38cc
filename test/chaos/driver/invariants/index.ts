import type { Evidence } from '../evidence.ts'
import type { World } from '../world.ts'
import { errandInvariants } from './errands.ts'
import { eventInvariants } from './events.ts'
import type { Invariant } from './invariant.ts'
import { leftoverInvariants } from './leftovers.ts'
import { messageInvariants } from './messages.ts'
import { runInvariants } from './runs.ts'

/** Everything that must hold whenever all has come to rest. */
export const invariants: readonly Invariant[] = [
  ...messageInvariants,
  ...runInvariants,
  ...errandInvariants,
  ...eventInvariants,
  ...leftoverInvariants,
]

export interface Broken {
  invariant: string
  findings: string[]
}

/** Those that do not hold. */
export function brokenInvariants(world: World, evidence: Evidence): Broken[] {
  return invariants.flatMap((invariant) => {
    const findings = invariant.check(world, evidence)
    return findings.length > 0 ? [{ invariant: invariant.name, findings }] : []
  })
}
