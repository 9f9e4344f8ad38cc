import type { AgentSpec } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import { getRuntime, type DaemonContext } from './context.ts'

/** Who is to be suspended must run where that can be. Errors: `unsupported`, naming who could. */
export function checkRest(
  context: Pick<DaemonContext, 'runtimes'>,
  { runtime, lifecycle, alwaysOn }: Pick<AgentSpec, 'runtime' | 'lifecycle' | 'alwaysOn'>,
): void {
  if (lifecycle.rest !== 'suspend') {
    return
  }
  const field = 'lifecycle.rest'
  if (alwaysOn) {
    throw new DroverError(
      'unsupported',
      `${field}: an agent that is always on is never suspended.`,
      {
        details: { field },
      },
    )
  }
  if (!getRuntime(context, runtime).capabilities.snapshot) {
    const able = [...context.runtimes.values()].filter(({ capabilities }) => capabilities.snapshot)
    const who = able.map(({ name }) => name).join(', ')
    throw new DroverError(
      'unsupported',
      `${field}: the ${runtime} runtime can't suspend a run; ${who === '' ? 'none of this home can' : `${who} can`}.`,
      { details: { field, runtimes: able.map(({ name }) => name) } },
    )
  }
}
