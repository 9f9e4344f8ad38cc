import { getRuntime, referenceOf, type DaemonContext } from './context.ts'
import type { Reconciler } from './reconciler.ts'
import { keepBounds } from './retention.ts'

/** How often live runs are looked at, ms. Endings come by event; this finds what leaves no record. */
const tickMs = 5000

/** Begins to look after live runs; stops when the daemon's signal aborts. */
export function superviseRuns(context: DaemonContext, reconciler: Reconciler): void {
  let isBusy = false
  const timer = setInterval(() => {
    if (isBusy) {
      return
    }
    isBusy = true
    void inspectRuns(context, reconciler)
      .then(async () => await keepBounds(context))
      .catch((error: unknown) => context.log.error({ err: error }, 'looking after runs failed'))
      .finally(() => {
        isBusy = false
      })
  }, tickMs)
  timer.unref()
  context.signal.addEventListener('abort', () => clearInterval(timer))
}

/** A run whose program is gone without a record is lost; one that can be asked again is no longer unknown. */
export async function inspectRuns(context: DaemonContext, reconciler: Reconciler): Promise<void> {
  const { store, signal } = context
  for (const run of store.runs.listLive()) {
    if (!run.handle) {
      continue
    }
    const runtime = getRuntime(context, run.runtime)
    const live = reconciler.live(run)
    if (live.isBlind) {
      live.wake()
    }
    const liveness = await runtime.inspect(JSON.parse(run.handle), signal)
    if (liveness === 'dead') {
      const found = await runtime.recover(
        referenceOf(context, run.id),
        JSON.parse(run.handle),
        signal,
      )
      if (found.state === 'exited' || found.state === 'lost') {
        reconciler.finishRun(run.id, found.state === 'exited' ? found.exit : null)
      }
    } else if ((liveness === 'unknown') !== (run.is_unknown === 1)) {
      reconciler.records.change(run.agent_id, 'relaxed', () =>
        store.runs.setUnknown(run.id, liveness === 'unknown'),
      )
      reconciler.kick(run.agent_id)
    }
  }
}
