import { existsSync } from 'node:fs'
import {
  agentFolders,
  agentReference,
  callSignal,
  workDeadlineMs,
  type DaemonContext,
} from './context.ts'
import { faultPoint } from './fault-point.ts'

type KeptContext = Pick<DaemonContext, 'store' | 'home' | 'runtimes' | 'log' | 'signal'>

/**
 * Removes what runtimes keep for an agent beyond its runs. An agent without a box folder never had
 * any: that is made before anything else. May be repeated.
 */
export async function forgetBoxes(
  context: Pick<DaemonContext, 'store' | 'home' | 'runtimes' | 'signal'>,
  agentId: string,
): Promise<void> {
  if (!existsSync(agentFolders(context, agentId).box)) {
    return
  }
  for (const runtime of context.runtimes.values()) {
    const signal = callSignal(context, workDeadlineMs)
    await runtime.forget?.(agentReference(context, agentId), signal)
  }
  faultPoint('box-forgotten')
}

/** What is kept for agents that are no more: an agent goes only once its box is gone, so its row was lost. */
export async function forgetOrphanBoxes(context: KeptContext): Promise<number> {
  let count = 0
  for (const runtime of context.runtimes.values()) {
    try {
      const signal = callSignal(context, workDeadlineMs)
      const kept = (await runtime.listKept?.(context.store.instance, signal)) ?? []
      for (const { agent, what } of kept.filter((each) => !context.store.agents.get(each.agent))) {
        context.log.warn({ runtime: runtime.name, agent, what }, 'releasing what an agent left')
        await runtime.forget?.(agentReference(context, agent), signal)
        count++
      }
    } catch (error) {
      context.log.error({ err: error, runtime: runtime.name }, 'a runtime could not be asked')
    }
  }
  return count
}
