import { setImmediate } from 'node:timers/promises'
import type { DaemonStatus } from '../schema/reports.ts'
import { findRun, settleRun } from './ask-run.ts'
import type { RunRow } from '../store/index.ts'
import { askDeadlineMs, callSignal, type DaemonContext } from './context.ts'
import { tidyBoxes } from './kept-boxes.ts'
import { countRuns, findOrphans, releaseOrphans } from './orphans.ts'
import type { Reconciler } from './reconciler.ts'

export type RecoveryReport = DaemonStatus['recovered']

/** Runs and agents that are taken up before requests have their turn again. */
const portion = 20

export interface RecoverOptions {
  /** Counts what was found, as it is found. */
  report: RecoveryReport
  /** Aborts when the daemon is to end; what was not taken up then is left for the next one. */
  signal: AbortSignal
}

/**
 * After a start: adopts the runs that live, finishes those that ended meanwhile with their true
 * exit, and releases what carries our mark and belongs to no live run. Nothing is touched whose
 * runtime can't be asked.
 *
 * Requests may be taken as soon as this was called: an agent whose run is not taken up yet is held,
 * so that what is asked of it becomes rows and nothing else, and is done once it is let go.
 */
export async function recoverRuns(
  context: DaemonContext,
  reconciler: Reconciler,
  { report, signal }: RecoverOptions,
): Promise<void> {
  const { store, log } = context
  const runs = store.runs.listLive()
  for (const { agent_id: agentId } of runs) {
    reconciler.held.add(agentId)
    if (store.agents.get(agentId)?.is_ephemeral === 1) {
      context.admission.keep(agentId)
    }
  }
  const failures: unknown[] = []
  const taken: Promise<unknown>[] = []
  await inPortions(runs, signal, (some) => {
    const ask = callSignal({ signal }, askDeadlineMs)
    for (const run of some) {
      taken.push(takeUp(run, ask).catch((error: unknown) => failures.push(error)))
    }
  })
  await Promise.all(taken)
  signal.throwIfAborted()
  if (failures.length > 0) {
    throw failures[0]
  }
  const search = await findOrphans({ ...context, signal })
  const { orphans, unasked } = search
  signal.throwIfAborted()
  // A guest that can not be ended now must not hold up everybody else.
  void reconciler.guests.recover(search)
  report.orphans = countRuns(orphans)
  report.unknown += unasked.length
  await releaseOrphans({ ...context, signal }, orphans)
  report.orphans += (await tidyBoxes({ ...context, signal })).released.length
  signal.throwIfAborted()
  if (runs.length > 0 || report.orphans > 0) {
    log.info(report, 'recovered')
    store.transaction('relaxed', () =>
      store.events.append({ type: 'daemon.recovered', data: { ...report } }, context.now()),
    )
  }
  const seen = new Set(runs.map((run) => run.agent_id))
  const others = store.agents.listUnsettled().filter((agentId) => !seen.has(agentId))
  await inPortions(others, signal, (some) => some.forEach((agentId) => reconciler.kick(agentId)))

  async function takeUp(run: RunRow, ask: AbortSignal): Promise<void> {
    const found = await findRun(context, run, ask)
    if (!signal.aborted) {
      report[settleRun(reconciler, run, found)]++
      reconciler.held.delete(run.agent_id)
      reconciler.kick(run.agent_id)
    }
  }
}

/** Requests have their turn before each portion. */
async function inPortions<T>(
  all: readonly T[],
  signal: AbortSignal,
  work: (some: readonly T[]) => void,
): Promise<void> {
  for (let begin = 0; begin < all.length; begin += portion) {
    await setImmediate()
    if (signal.aborted) {
      return
    }
    work(all.slice(begin, begin + portion))
  }
}
