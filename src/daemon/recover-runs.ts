import type { Recovery } from '../runtimes/contract.ts'
import type { DaemonStatus } from '../schema/reports.ts'
import type { RunRow } from '../store/index.ts'
import {
  askDeadlineMs,
  callSignal,
  getRuntime,
  referenceOf,
  type DaemonContext,
} from './context.ts'
import { countRuns, findOrphans, releaseOrphans } from './orphans.ts'
import type { Reconciler } from './reconciler.ts'
import { writeInput } from './write-input.ts'

export type RecoveryReport = DaemonStatus['recovered']

/**
 * After a start: adopts the runs that live, finishes those that ended meanwhile with their true
 * exit, and releases what carries our mark and belongs to no live run. Nothing is touched whose
 * runtime can't be asked.
 */
export async function recoverRuns(
  context: DaemonContext,
  reconciler: Reconciler,
): Promise<RecoveryReport> {
  const { store, log } = context
  const report: RecoveryReport = { adopted: 0, finished: 0, orphans: 0, unknown: 0 }
  const runs = store.runs.listLive()
  for (const { agent_id: agentId } of runs) {
    if (store.agents.get(agentId)?.is_ephemeral === 1) {
      context.admission.keep(agentId)
    }
  }
  const results = await Promise.all(
    runs.map(async (run) => ({ run, found: await findRun(context, run) })),
  )
  for (const { run, found } of results) {
    report[settleRun(context, reconciler, run, found)]++
  }
  const { orphans, unasked } = await findOrphans(context)
  report.orphans = countRuns(orphans)
  report.unknown += unasked.length
  await releaseOrphans(context, orphans)
  if (runs.length > 0 || report.orphans > 0) {
    log.info(report, 'recovered')
    store.transaction('relaxed', () =>
      store.events.append({ type: 'daemon.recovered', data: { ...report } }, context.now()),
    )
  }
  for (const agentId of store.agents.listUnsettled()) {
    reconciler.kick(agentId)
  }
  return report
}

async function findRun(context: DaemonContext, run: RunRow): Promise<Recovery> {
  try {
    const handle = run.handle ? JSON.parse(run.handle) : null
    const signal = callSignal(context, askDeadlineMs)
    return await getRuntime(context, run.runtime).recover(
      referenceOf(context, run.id),
      handle,
      signal,
    )
  } catch (error) {
    context.log.error({ err: error, run: run.id }, 'a run could not be asked for')
    return { state: 'unknown', cause: error instanceof Error ? error.message : String(error) }
  }
}

function settleRun(
  context: DaemonContext,
  reconciler: Reconciler,
  run: RunRow,
  found: Recovery,
): 'adopted' | 'finished' | 'unknown' {
  const { store } = context
  switch (found.state) {
    case 'running':
      reconciler.records.setRunning(run, found.handle)
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

/** First completes a half-written input, then reads on: the decoder must know of a message before its answer. */
export function adopt(context: DaemonContext, reconciler: Reconciler, runId: string): void {
  const run = context.store.runs.get(runId)
  if (run) {
    const live = reconciler.live(run)
    writeInput(context, reconciler.records, live)
    // The last daemon may have died between a write and its ring.
    getRuntime(context, run.runtime).notifyInput(referenceOf(context, runId), run.in_bytes)
    live.follow()
  }
}
