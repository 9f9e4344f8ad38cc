import { setImmediate } from 'node:timers/promises'
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
  const { orphans, unasked } = await findOrphans({ ...context, signal })
  signal.throwIfAborted()
  report.orphans = countRuns(orphans)
  report.unknown += unasked.length
  await releaseOrphans({ ...context, signal }, orphans)
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
      report[settleRun(context, reconciler, run, found)]++
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

/** What became of a run; a question that fails is `unknown`, and logged. */
export async function findRun(
  context: DaemonContext,
  run: RunRow,
  signal: AbortSignal,
): Promise<Recovery> {
  try {
    const handle = run.handle ? JSON.parse(run.handle) : null
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
