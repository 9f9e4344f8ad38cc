import { existsSync } from 'node:fs'
import type { Kept } from '../runtimes/box.ts'
import {
  agentFolders,
  askDeadlineMs,
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

/** Something that a runtime keeps beyond runs. */
export interface KeptBox extends Kept {
  runtime: string
}

export interface KeptBoxes {
  /** For agents that are there. */
  kept: KeptBox[]
  /** An agent goes only once its box is gone, so the rows of these were lost; they were removed. */
  released: KeptBox[]
}

/** Looks at what is kept, and removes what is kept for nobody. What can't be asked is left alone. */
export async function tidyBoxes(context: KeptContext): Promise<KeptBoxes> {
  const boxes: KeptBoxes = { kept: [], released: [] }
  for (const runtime of context.runtimes.values()) {
    try {
      const ask = callSignal(context, askDeadlineMs)
      const kept = (await runtime.listKept?.(context.store.instance, ask)) ?? []
      for (const { agent, what } of kept) {
        if (context.store.agents.get(agent)) {
          boxes.kept.push({ runtime: runtime.name, agent, what })
        } else {
          context.log.warn({ runtime: runtime.name, agent, what }, 'releasing what an agent left')
          const signal = callSignal(context, workDeadlineMs)
          await runtime.forget?.(agentReference(context, agent), signal)
          boxes.released.push({ runtime: runtime.name, agent, what })
        }
      }
    } catch (error) {
      context.log.error({ err: error, runtime: runtime.name }, 'a runtime could not be asked')
    }
  }
  return boxes
}
