import {
  askDeadlineMs,
  callSignal,
  getRuntime,
  referenceOf,
  type DaemonContext,
} from './context.ts'
import type { Reconciler } from './reconciler.ts'
import { adopt } from './recover-runs.ts'
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

/** A run whose program is gone without a record is lost; one that can be asked again is no longer unknown. */
export async function inspectRuns(context: DaemonContext, reconciler: Reconciler): Promise<void> {
  const { store } = context
  for (const { id } of store.runs.listLive()) {
    // Looked up anew: while another was asked, this one may have ended.
    const run = store.runs.get(id)
    if (!run?.handle || run.ended_at !== null) {
      continue
    }
    reconciler.wakeBlind(id)
    const handle = JSON.parse(run.handle)
    const runtime = getRuntime(context, run.runtime)
    const liveness = await runtime
      .inspect(handle, callSignal(context, askDeadlineMs))
      .catch(() => 'unknown' as const)
    if (liveness === 'dead') {
      const reference = referenceOf(context, id)
      const found = await runtime.recover(reference, handle, callSignal(context, askDeadlineMs))
      if (found.state === 'exited' || found.state === 'lost') {
        reconciler.finishRun(id, found.state === 'exited' ? found.exit : null)
      }
    } else {
      setUnknown(context, reconciler, id, liveness === 'unknown')
    }
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
