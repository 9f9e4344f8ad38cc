import { callSignal, getRuntime, referenceOf, speechOf, workDeadlineMs } from './context.ts'
import { faultPoint } from './fault-point.ts'
import type { Reconciler } from './reconciler.ts'

/** Ends the live run of an agent: asked, TERM, KILL, then its record. A stop that failed keeps the record. */
export async function stopRun(reconciler: Reconciler, agentId: string): Promise<void> {
  const { context } = reconciler
  const run = reconciler.liveRow(agentId)
  const { askMs } = speechOf(context, run)
  const { graceMs } = context.specs.get(agentId)
  const reference = referenceOf(context, run.id)
  const runtime = getRuntime(context, run.runtime)
  const handle = JSON.parse(run.handle ?? 'null')
  const signal = callSignal(context, askMs + graceMs + workDeadlineMs)
  await runtime.stop(reference, handle, { askMs, graceMs, signal })
  faultPoint('run-stopped')
  const found = await runtime.recover(reference, handle, signal)
  reconciler.finishRun(run.id, found.state === 'exited' ? found.exit : null)
}
