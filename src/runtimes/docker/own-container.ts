import type { AgentReference } from '../box.ts'
import { recordedContainer } from './box-files.ts'
import type { ContainerState } from './engine/container-state.ts'
import type { Engine } from './engine/engine.ts'
import { containerName, labels } from './plan-container.ts'

/**
 * Whether a container is the agent's own. Labels alone say nothing: what somebody makes from its
 * image, as by `docker commit`, has the same. So it must also be the one that was noted, or, where a
 * daemon died before it could note it, have the name.
 */
export function isOurs(
  { id, name, labels: has }: Pick<ContainerState, 'id' | 'name' | 'labels'>,
  agent: AgentReference,
): boolean {
  return (
    has[labels.instance] === agent.instance &&
    has[labels.agent] === agent.id &&
    (id === recordedContainer(agent) || name === containerName(agent.id))
  )
}

/** The agent's own container, whatever its name is by now; null: it has none. */
export async function findContainer(
  engine: Engine,
  agent: AgentReference,
  signal: AbortSignal,
): Promise<ContainerState | null> {
  for (const known of [recordedContainer(agent), containerName(agent.id)]) {
    const state = known === null ? null : await engine.inspectContainer(known, signal)
    if (state && isOurs(state, agent)) {
      return state
    }
  }
  return null
}
