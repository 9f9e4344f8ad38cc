import type { Recovery } from '../runtimes/contract.ts'
import type { RunRow } from '../store/index.ts'
import { abortable } from '../util/abortable.ts'
import {
  askDeadlineMs,
  callSignal,
  getRuntime,
  referenceOf,
  type DaemonContext,
} from './context.ts'
import type { Reconciler } from './reconciler.ts'
import { hasUnwritten, writeInput } from './write-input.ts'

/**
 * Asks a run's runtime what became of it. A run that is lost may have left processes that go on
 * saying things; they are ended first, so that its output is whole when it is read. Never rejects:
 * an answer that does not come is `unknown`.
 */
export async function findRun(
  context: DaemonContext,
  run: Pick<RunRow, 'id' | 'runtime' | 'handle'>,
  signal: AbortSignal = callSignal(context, askDeadlineMs),
): Promise<Recovery> {
  try {
    const handle = run.handle ? JSON.parse(run.handle) : null
    const runtime = getRuntime(context, run.runtime)
    const reference = referenceOf(context, run.id)
    const found = await abortable(runtime.recover(reference, handle, signal), signal)
    if (found.state === 'lost' && !found.isUnstarted) {
      await runtime.destroy(reference, handle, signal)
    }
    return found
  } catch (error) {
    context.log.error({ err: error, run: run.id }, 'a run could not be asked for')
    return { state: 'unknown', cause: error instanceof Error ? error.message : String(error) }
  }
}

/** Takes the answer down, and follows a run that lives. */
export function settleRun(
  reconciler: Reconciler,
  run: RunRow,
  found: Recovery,
): 'adopted' | 'finished' | 'unknown' {
  const { context } = reconciler
  const { store } = context
  switch (found.state) {
    case 'running':
      reconciler.records.setRunning(run, found.handle)
      if (run.suspension === 'suspended' || run.suspension === 'resuming') {
        reconciler.records.setResumed(run, found.handle)
      }
      adopt(context, reconciler, run.id)
      return 'adopted'
    case 'suspended':
      if (run.handle === null) {
        reconciler.records.setRunning(run, found.handle)
      }
      reconciler.records.setSuspended(run, found.handle)
      adopt(context, reconciler, run.id)
      return 'adopted'
    case 'exited':
      reconciler.finishRun(run.id, found.exit)
      return 'finished'
    case 'lost':
      reconciler.finishRun(run.id, null, found)
      return 'finished'
    case 'unknown':
      reconciler.records.change(run.agent_id, 'relaxed', () => store.runs.setUnknown(run.id, true))
      return 'unknown'
  }
}

/**
 * First completes a half-written input, then reads on: the decoder must know of a message before its
 * answer. Nothing is written to a run that rests; where something waits for that, it is read on from
 * when the run is awake.
 */
export function adopt(context: DaemonContext, reconciler: Reconciler, runId: string): void {
  const run = context.store.runs.get(runId)
  if (run && run.suspension !== null) {
    if (!hasUnwritten(context, runId)) {
      reconciler.live(run).follow()
    }
  } else if (run) {
    const live = reconciler.live(run)
    writeInput(context, reconciler.records, live)
    // The last daemon may have died between a write and its ring.
    getRuntime(context, run.runtime).notifyInput(referenceOf(context, runId), run.in_bytes)
    live.follow()
  }
}
