import type { ReconcileReport } from '../schema/reports.ts'
import type { RunRow } from '../store/index.ts'
import type { DaemonContext } from './context.ts'
import { tidyBoxes } from './kept-boxes.ts'
import { faultPoint } from './fault-point.ts'
import { countRuns, findOrphans, releaseOrphans } from './orphans.ts'
import type { Reconciler } from './reconciler.ts'
import { inspectRuns } from './supervise.ts'

/** Orphans that an event names; the answer has all of them. */
const namedOrphans = 50

/**
 * Looks at every run anew, as after a start but in a daemon at work: a run whose program is gone is
 * finished, one that can be asked again is taken up, and what goes on for no run is put down, then
 * ended. A run that is on its way up or down is left to who brings it there. Nothing is touched whose
 * runtime can't be asked.
 */
export async function reconcileRuns(
  context: DaemonContext,
  reconciler: Reconciler,
): Promise<ReconcileReport> {
  const runs = context.store.runs
    .listLive()
    .filter(({ handle, stop_reason: reason }) => handle !== null && reason === null)
  await inspectRuns(context, reconciler)
  const { adopted, finished, unknown } = countStates(context, runs)
  const search = await findOrphans(context)
  const { orphans, unasked } = search
  await reconciler.guests.recover(search)
  const report: ReconcileReport = {
    adopted,
    finished,
    orphans: countRuns(orphans),
    unknown: unknown + unasked.length,
    found: orphans,
  }
  record(context, report)
  faultPoint('orphans-reported')
  await releaseOrphans(context, orphans)
  faultPoint('orphans-released')
  const { kept, released } = await tidyBoxes(context)
  const named = kept.map((box) => ({
    ...box,
    agent: context.store.agents.get(box.agent)?.name ?? box.agent,
  }))
  return {
    ...report,
    ...(named.length > 0 ? { kept: named } : {}),
    ...(released.length > 0 ? { released } : {}),
  }
}

type Counts = Pick<ReconcileReport, 'adopted' | 'finished' | 'unknown'>

/** What the look has shown of these runs. One that somebody ended meanwhile is no finding. */
function countStates({ store }: DaemonContext, runs: readonly RunRow[]): Counts {
  const counts: Counts = { adopted: 0, finished: 0, unknown: 0 }
  for (const { id } of runs) {
    const run = store.runs.get(id)
    if (run?.ended_at === null) {
      counts[run.is_unknown === 1 ? 'unknown' : 'adopted']++
    } else if (run?.stop_reason === null) {
      counts.finished++
    }
  }
  return counts
}

/** Where all is as it should be, nothing has happened. */
function record({ store, log, now }: DaemonContext, report: ReconcileReport): void {
  const { finished, orphans, unknown, found } = report
  if (finished + orphans + unknown > 0) {
    log.info(report, 'reconciled')
    const data = { ...report, found: found.slice(0, namedOrphans) }
    store.transaction('relaxed', () =>
      store.events.append({ type: 'daemon.reconciled', data }, now()),
    )
  }
}
