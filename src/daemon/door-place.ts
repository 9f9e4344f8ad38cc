import {
  doorEnvironment,
  doorUpstreams,
  type DoorAddress,
  type DoorGuest,
} from '../core/door-environment.ts'
import type { ProviderContext } from '../providers/contract.ts'
import type { NetworkWish } from '../runtimes/network-keeper.ts'
import type { AgentSpec } from '../schema/agent.ts'
import { askDeadlineMs, callSignal, getRuntime, type DaemonContext } from './context.ts'

export interface DoorPlace {
  /** Over all that a program has otherwise. */
  env: Record<string, string>
  /** As its provider is to see them. */
  upstreams: ProviderContext['upstreams']
  /** Where it is; null: they reach none. */
  address: DoorAddress | null
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
  const { networks } = getRuntime(context, name)
  if (!networks) {
    return null
  }
  const wish = networkWish(context, network)
  const host = await networks.findDoorHost(wish, callSignal(context, askDeadlineMs))
  if (host === null) {
    return { env: {}, upstreams, address: null }
  }
  const address = await context.door.open(host)
  const guest: DoorGuest = {
    address,
    agentId,
    token: context.doorTokens.tokenOf(agentId),
    network,
  }
  return { env: doorEnvironment(guest), upstreams: doorUpstreams(guest, upstreams), address }
}

/** A policy as a runtime is asked for it. */
export function networkWish(
  { store, config }: Pick<DaemonContext, 'store' | 'config'>,
  network: AgentSpec['network'],
): NetworkWish {
  const { preparedPort = null } = config.gateway
  return { network, instance: store.instance, preparedPort }
}
