import type { DaemonStatus } from '../schema/reports.ts'
import { findRun, settleRun } from './ask-run.ts'
import type { DaemonContext } from './context.ts'
import { countRuns, findOrphans, releaseOrphans } from './orphans.ts'
import type { Reconciler } from './reconciler.ts'

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
    report[settleRun(reconciler, run, found)]++
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
