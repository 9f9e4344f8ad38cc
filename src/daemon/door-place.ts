import { doorEnvironment, doorUpstreams, type DoorGuest } from '../core/door-environment.ts'
import type { ProviderContext } from '../providers/contract.ts'
import type { AgentSpec } from '../schema/agent.ts'
import { askDeadlineMs, callSignal, getRuntime, type DaemonContext } from './context.ts'

export interface DoorPlace {
  /** Over all that a program has otherwise. */
  env: Record<string, string>
  /** As its provider is to see them. */
  upstreams: ProviderContext['upstreams']
}

/**
 * What an agent's programs need to know of the door, which is open then; null where they reach the
 * machine as any other program does. Errors: `door_closed`, and those of the runtime.
 */
export async function doorPlace(
  context: DaemonContext,
  agentId: string,
  { runtime: name, network }: Pick<AgentSpec, 'runtime' | 'network'>,
  upstreams: ProviderContext['upstreams'],
): Promise<DoorPlace | null> {
  const runtime = getRuntime(context, name)
  if (!runtime.findDoorHost) {
    return null
  }
  const host = await runtime.findDoorHost(network, callSignal(context, askDeadlineMs))
  if (host === null) {
    return { env: {}, upstreams }
  }
  const guest: DoorGuest = {
    address: await context.door.open(host),
    agentId,
    token: context.doorTokens.tokenOf(agentId),
    network,
  }
  return { env: doorEnvironment(guest), upstreams: doorUpstreams(guest, upstreams) }
}
