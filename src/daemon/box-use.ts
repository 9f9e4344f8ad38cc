import type { Handle, Use } from '../runtimes/contract.ts'
import type { Agent } from '../schema/agent.ts'
import type { Box } from '../schema/box.ts'
import { abortable } from '../util/abortable.ts'
import { callSignal, getRuntime, type DaemonContext } from './context.ts'

type BoxContext = Pick<DaemonContext, 'store' | 'specs' | 'runtimes' | 'signal'>

/** How long whoever lists agents waits for what they use, ms. */
const useDeadlineMs = 1000

/**
 * Tells of each its box and what that uses, all at the same time. What is not known in time is null;
 * where nobody has a box nothing is added, and nobody waits.
 */
export async function withBoxes<T extends Agent>(
  context: BoxContext,
  agents: readonly T[],
): Promise<readonly T[]> {
  const signal = callSignal(context, useDeadlineMs)
  const asked = agents.map((agent) => boxOf(context, agent, signal))
  if (asked.every((box) => box === null)) {
    return agents
  }
  const boxes = await Promise.all(asked.map(async (box) => await box))
  return agents.map((agent, index) => ({ ...agent, box: boxes[index] ?? null }))
}

/** Null: it has none. Of most that is known without a wait. */
function boxOf(
  context: BoxContext,
  { id, runtime: name, run }: Agent,
  signal: AbortSignal,
): Promise<Box> | null {
  const runtime = context.runtimes.get(name)
  const container = runtime?.capabilities.elsewhere ? context.specs.get(id).container : undefined
  if (!runtime || !container) {
    return null
  }
  const rest = { memoryBytes: null, memoryLimitBytes: null, cpuPercent: null, pids: null }
  const box = {
    container: container.name ?? runtime.nameBox?.(id) ?? null,
    isOwn: container.name === undefined,
    image: container.image ?? null,
  }
  return measure(context, run, signal).then((use) => ({ ...box, ...rest, ...use }))
}

async function measure(
  context: BoxContext,
  runId: string | null,
  signal: AbortSignal,
): Promise<Use | null> {
  const run = runId === null ? undefined : context.store.runs.get(runId)
  if (!run?.handle || run.is_unknown === 1) {
    return null
  }
  try {
    const handle = JSON.parse(run.handle) as Handle
    const measured = getRuntime(context, run.runtime).measureUse?.(handle, signal)
    return (await abortable(Promise.resolve(measured), signal)) ?? null
  } catch {
    return null
  }
}
