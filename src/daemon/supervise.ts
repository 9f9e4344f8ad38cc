import type { RunRow } from '../store/index.ts'
import { abortable } from '../util/abortable.ts'
import { adopt, findRun, settleRun } from './ask-run.ts'
import { askDeadlineMs, callSignal, getRuntime, type DaemonContext } from './context.ts'
import type { Reconciler } from './reconciler.ts'
import { keepBounds } from './retention.ts'
import { WedgedRuns } from './wedged-runs.ts'

/** How often live runs are looked at, ms. Endings come by event; this finds what leaves no record. */
const tickMs = 5000

/** Begins to look after live runs; stops when the daemon's signal aborts. */
export function superviseRuns(context: DaemonContext, reconciler: Reconciler): void {
  const wedged = new WedgedRuns(context, reconciler)
  let isBusy = false
  const timer = setInterval(() => {
    if (isBusy) {
      return
    }
    isBusy = true
    void lookAfter(context, reconciler, wedged)
      .catch((error: unknown) => context.log.error({ err: error }, 'looking after runs failed'))
      .finally(() => {
        isBusy = false
      })
  }, tickMs)
  timer.unref()
  context.signal.addEventListener('abort', () => clearInterval(timer))
}

async function lookAfter(
  context: DaemonContext,
  reconciler: Reconciler,
  wedged: WedgedRuns,
): Promise<void> {
  const { store, admission, config, now } = context
  reconciler.alarms.checkClock(() => store.settleClock(now(), config.restart.backoffMostMs))
  await inspectRuns(context, reconciler)
  const working = store.runs.listLive().filter(({ turn, handle }) => turn === 'working' && handle)
  for (const run of working) {
    await wedged.inspect(run)
  }
  wedged.keepOnly(new Set(working.map(({ id }) => id)))
  admission.sweep((agentId) => typeof store.agents.get(agentId)?.run_id === 'string')
  await keepBounds(context)
}

/**
 * A run whose program is gone without a record is lost; one that can be asked again is no longer
 * unknown. Runtimes side by side: one that is wedged holds no other up.
 */
export async function inspectRuns(context: DaemonContext, reconciler: Reconciler): Promise<void> {
  const groups = Map.groupBy(context.store.runs.listLive(), ({ runtime }) => runtime)
  await Promise.all(
    Array.from(groups.values(), async (runs) => {
      for (const { id } of runs) {
        await inspectRun(context, reconciler, id)
      }
    }),
  )
}

async function inspectRun(
  context: DaemonContext,
  reconciler: Reconciler,
  runId: string,
): Promise<void> {
  // Looked up anew: while another was asked, this one may have ended.
  const run = context.store.runs.get(runId)
  if (!run || run.ended_at !== null) {
    return
  }
  if (run.handle === null) {
    return await inspectStart(context, reconciler, run)
  }
  reconciler.wakeBlind(runId)
  const signal = callSignal(context, askDeadlineMs)
  const asked = getRuntime(context, run.runtime).inspect(JSON.parse(run.handle), signal)
  const liveness = await abortable(asked, signal).catch(() => 'unknown' as const)
  if (liveness !== 'dead') {
    return setUnknown(context, reconciler, runId, liveness === 'unknown')
  }
  const found = await findRun(context, run)
  if (found.state === 'exited' || found.state === 'lost') {
    settleRun(reconciler, run, found)
  }
}

/** A start is its own affair, but for one that could not be asked for. */
async function inspectStart(
  context: DaemonContext,
  reconciler: Reconciler,
  run: RunRow,
): Promise<void> {
  if (run.is_unknown === 1) {
    settleRun(reconciler, run, await findRun(context, run))
    reconciler.kick(run.agent_id)
  }
}

/** A run that can be asked again is taken up again, as after a start. */
function setUnknown(
  context: DaemonContext,
  reconciler: Reconciler,
  runId: string,
  isUnknown: boolean,
): void {
  const { store } = context
  const run = store.runs.get(runId)
  if (!run || run.ended_at !== null || (run.is_unknown === 1) === isUnknown) {
    return
  }
  reconciler.records.change(run.agent_id, 'relaxed', () => store.runs.setUnknown(runId, isUnknown))
  if (!isUnknown) {
    adopt(context, reconciler, runId)
  }
  reconciler.kick(run.agent_id)
}
