import type { NetworkRefusal } from '../runtimes/network-keeper.ts'
import type { AgentSpec } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import { askDeadlineMs, callSignal, getRuntime, type DaemonContext } from './context.ts'
import { networkWish } from './door-place.ts'

/** A policy that the agent's runtime can't keep is an error, never silence. Errors: `unsupported`, naming who could. */
export function checkNetwork(
  context: Pick<DaemonContext, 'runtimes'>,
  { runtime: name, network }: Pick<AgentSpec, 'runtime' | 'network'>,
): void {
  if (network === 'full' || getRuntime(context, name).capabilities.networkPolicy) {
    return
  }
  const able = [...context.runtimes.values()]
    .filter(({ capabilities }) => capabilities.networkPolicy)
    .map((runtime) => runtime.name)
  const who = able.length === 0 ? 'none of this home can' : `${able.join(', ')} can`
  throw new DroverError(
    'unsupported',
    `network: the ${name} runtime keeps nobody from the network; ${who}. Leave it out, or say "full".`,
    { details: { field: 'network', runtimes: able } },
  )
}

/**
 * The same for what depends on the machine, and on the container: a way out that was asked for in
 * words makes a policy nothing. Errors: `unsupported`.
 */
export async function checkWalls(
  context: DaemonContext,
  { runtime: name, network, container }: Pick<AgentSpec, 'runtime' | 'network' | 'container'>,
): Promise<void> {
  if (network === 'full') {
    return
  }
  const runtime = getRuntime(context, name)
  if (runtime.capabilities.elsewhere && container?.engineSocket) {
    const reason = "who has the engine's socket reaches everything"
    throw refusal(network, name, { reason, hint: 'Leave container.engineSocket out.' })
  }
  const signal = callSignal(context, askDeadlineMs)
  const refused = await runtime.networks?.refuse(networkWish(context, network), signal)
  if (refused) {
    throw refusal(network, name, refused)
  }
}

function refusal(
  network: AgentSpec['network'],
  runtime: string,
  { reason, hint }: NetworkRefusal,
): DroverError {
  const policy = typeof network === 'string' ? network : 'allow'
  const parts = [`network: the ${runtime} runtime can't keep "${policy}" here: ${reason}.`, hint]
  return new DroverError('unsupported', parts.filter((part) => part !== null).join(' '), {
    details: { field: 'network' },
  })
}
