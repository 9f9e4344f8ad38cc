import { fileSize } from '../util/file-size.ts'
import { waitUntil } from '../util/wait.ts'
import { runFiles } from '../runtimes/run-folder.ts'
import { findRun, settleRun } from './ask-run.ts'
import { referenceOf } from './context.ts'
import { faultPoint } from './fault-point.ts'
import type { Reconciler } from './reconciler.ts'
import { createRun } from './record-steps.ts'
import { tellRun } from './run-input.ts'
import { greetingOf } from './units.ts'

/** How long a run that was begun may take until its holder has claimed it, ms. */
const claimMs = 10_000

/**
 * A unit began a run. The one before it is over, though it may have left no record; nothing else is
 * done to it.
 */
export async function lookAtBegun(reconciler: Reconciler, agentId: string): Promise<void> {
  const { context } = reconciler
  const { store } = context
  const runId = store.agents.get(agentId)?.run_id
  const run = runId ? store.runs.get(runId) : undefined
  if (run?.handle && !reconciler.held.has(agentId)) {
    const found = await findRun(context, run)
    if (found.state === 'exited' || found.state === 'lost') {
      settleRun(reconciler, run, found)
    }
  }
  reconciler.kick(agentId)
}

/**
 * A run that the machine's own supervisor began gets its row, and is talked to like any other. One
 * whose holder never claims it has not begun.
 */
export async function takeFoundRun(reconciler: Reconciler, agentId: string): Promise<void> {
  const { context, records } = reconciler
  const { store, begun } = context
  const found = begun.get(agentId)
  if (!found) {
    return
  }
  const { holder } = runFiles(referenceOf(context, found.id).folder)
  // To ask for it before would take it away from its holder.
  const isClaimed = await waitUntil(() => fileSize(holder) > 0, {
    deadlineMs: claimMs,
    signal: context.signal,
  })
  const agent = store.agents.get(agentId)
  if (agent && agent.run_id !== null) {
    return
  }
  if (isClaimed && agent && !store.runs.get(found.id)) {
    records.change(agentId, 'durable', () => {
      createRun(records, agent, found)
      const greeting = greetingOf(context, agent)
      if (greeting !== null) {
        tellRun(store, found.id, greeting)
      }
    })
    faultPoint('run-found')
    const run = store.runs.get(found.id)
    if (run) {
      settleRun(reconciler, run, await findRun(context, run))
    }
  }
  begun.forget(agentId, found.id)
}
