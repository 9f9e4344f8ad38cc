import { DroverError } from '../../schema/error.ts'
import type { AgentLimits } from '../../schema/agent-limits.ts'
import type { LimitRefusal } from '../contract.ts'
import type { EngineFacts } from './engine/facts.ts'

/** The first limit that the engine can't keep; null when it can all. */
export function refuseLimit(
  limits: AgentLimits,
  { canLimit, storageDriver }: Pick<EngineFacts, 'canLimit' | 'storageDriver'>,
): LimitRefusal | null {
  const controllers = { memoryBytes: 'memory', cpus: 'cpu', pids: 'pids' } as const
  for (const [limit, controller] of Object.entries(controllers)) {
    const name = limit as keyof typeof controllers
    if (limits[name] !== undefined && !canLimit[controller]) {
      return {
        limit: name,
        reason: `the engine has no ${controller} controller`,
        hint: 'Have the controllers delegated to it: `docker info` tells what it lacks.',
      }
    }
  }
  if (limits.diskBytes !== undefined && !canLimit.disk) {
    return {
      limit: 'diskBytes',
      reason: `its storage driver ${storageDriver} can't bound what a container writes`,
      hint: 'Keep the engine on an XFS that is mounted with pquota, or leave the limit out.',
    }
  }
  return null
}

/** Errors: `unsupported` where there is one. */
export function needLimits(refusal: LimitRefusal | null): void {
  if (refusal) {
    const { limit, reason } = refusal
    throw new DroverError('unsupported', `limits.${limit}: it can't be kept: ${reason}.`, {
      details: { field: `limits.${limit}` },
    })
  }
}

/** A container of somebody's has the limits that it was made with. */
export function refuseForeign(limits: AgentLimits): LimitRefusal | null {
  const [limit] = Object.keys(limits) as (keyof AgentLimits)[]
  return limit === undefined
    ? null
    : {
        limit,
        reason: 'the container is not of Drover, and has the limits that it was made with',
        hint: 'Set them with `docker update`, or give the agent a container of its own with container.image.',
      }
}
