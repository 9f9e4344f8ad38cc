import type { ProviderLaunch } from '../providers/contract.ts'
import type { LimitRefusal } from '../runtimes/contract.ts'
import type { AgentSpec } from '../schema/agent.ts'
import { hasLimits } from '../schema/agent-limits.ts'
import { DroverError } from '../schema/error.ts'
import { askDeadlineMs, callSignal, getRuntime, type DaemonContext } from './context.ts'

/** A limit that the agent's runtime can't keep on this machine is an error, never silence. Errors: `unsupported`. */
export async function checkLimits(
  context: DaemonContext,
  { runtime: name, limits, container }: Pick<AgentSpec, 'runtime' | 'limits' | 'container'>,
  { reservedBytes }: Pick<ProviderLaunch, 'reservedBytes'>,
): Promise<void> {
  if (!hasLimits(limits)) {
    return
  }
  const runtime = getRuntime(context, name)
  const launch = {
    limits,
    ...(reservedBytes === undefined ? {} : { reservedBytes }),
    ...(container ? { box: { container } } : {}),
  }
  const refusal = runtime.checkLimits
    ? await runtime.checkLimits(launch, callSignal(context, askDeadlineMs))
    : refuseFirst(limits)
  if (refusal) {
    const { limit, reason, hint } = refusal
    throw new DroverError(
      'unsupported',
      [`limits.${limit}: the ${name} runtime can't keep it here: ${reason}.`, hint]
        .filter((part) => part !== null)
        .join(' '),
      { details: { field: `limits.${limit}` } },
    )
  }
}

function refuseFirst(limits: AgentSpec['limits']): LimitRefusal {
  const [limit] = Object.keys(limits) as (keyof AgentSpec['limits'])[]
  return { limit: limit ?? 'memoryBytes', reason: 'it limits nothing', hint: null }
}
