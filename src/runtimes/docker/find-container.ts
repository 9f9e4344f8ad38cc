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

export interface OwnContainer {
  id: string
  /** Agent id it was made for. */
  agent: string
  /** The agent's box folder. */
  folder: string
  name: string
}

/** Those of a home; `isAll`: also those that don't run. */
export async function listOwnContainers(
  engine: Engine,
  { instance, isAll }: { instance: string; isAll: boolean },
  signal: AbortSignal,
): Promise<OwnContainer[]> {
  const listed = await engine.listContainers([`${labels.instance}=${instance}`], signal, {
    all: isAll,
  })
  return listed.flatMap((each) => {
    const agent = each.labels[labels.agent] ?? ''
    const folder = each.labels[labels.box] ?? ''
    return isOurs(each, { id: agent, instance, folder })
      ? [{ id: each.id, name: each.name, agent, folder }]
      : []
  })
}
