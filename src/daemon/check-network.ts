import type { AgentSpec } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import { getRuntime, type DaemonContext } from './context.ts'

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
