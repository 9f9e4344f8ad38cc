import { setImmediate } from 'node:timers/promises'
import type { Handle, Liveness } from '../runtimes/contract.ts'
import type { LookedAtRun, RunRow } from '../store/index.ts'
import { adopt, findRun, settleRun } from './ask-run.ts'
import { abortable } from '../util/abortable.ts'
import { askDeadlineMs, callSignal, getRuntime, type DaemonContext } from './context.ts'
import type { Reconciler } from './reconciler.ts'
import { Retention } from './retention.ts'
import { WedgedRuns } from './wedged-runs.ts'

/** How often live runs are looked at, ms. Endings come by event; this finds what leaves no record. */
const tickMs = 5000

/** Runs looked at together. One whose runtime gives no answer holds up no more than these. */
const runsAtOnce = 100

/** Begins to look after live runs; stops when the daemon's signal aborts. */
export function superviseRuns(context: DaemonContext, reconciler: Reconciler): void {
  const retention = new Retention(context)
  const wedged = new WedgedRuns(context, reconciler)
  let isBusy = false
  const timer = setInterval(() => {
    if (isBusy) {
      return
    }
    isBusy = true
    void lookAfter(context, reconciler, wedged)
      .then(async () => await retention.keepBounds())
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
  const guests = reconciler.guests.look()
  const runs = await inspectRuns(context, reconciler)
  await guests
  const working = runs.some(({ turn }) => turn === 'working') ? store.runs.listWorking() : []
  for (const run of working) {
    await wedged.inspect(run)
  }
  wedged.keepOnly(new Set(working.map(({ id }) => id)))
  admission.sweep((agentId) => typeof store.agents.get(agentId)?.run_id === 'string')
}

/**
 * A run whose program is gone without a record is lost; one that can be asked again is no longer
 * unknown. A run of which there is nothing new costs the question and no more. Runtimes side by side:
 * one that is wedged holds no other up. Resolves to the runs as they were before.
 */
export async function inspectRuns(
  context: DaemonContext,
  reconciler: Reconciler,
): Promise<readonly LookedAtRun[]> {
  const all = context.store.runs.listLookedAt()
  const groups = Map.groupBy(all, ({ runtime }) => runtime)
  await Promise.all(
    Array.from(groups.values(), async (runs) => {
      for (let begin = 0; begin < runs.length; begin += runsAtOnce) {
        const some = runs.slice(begin, begin + runsAtOnce)
        const answers = await askAll(context, some)
        await Promise.all(some.flatMap((run, index) => settle(run, answers[index] ?? 'unknown')))
        await setImmediate()
      }
    }),
  )
  return all

  /** For most there is nothing to do, and nothing to wait for. */
  function settle(run: LookedAtRun, liveness: Liveness): Promise<void>[] {
    reconciler.wakeBlind(run.id)
    if (run.handle !== null && liveness === (run.is_unknown === 1 ? 'unknown' : 'alive')) {
      return []
    }
    return [
      settleNews(context, reconciler, run, liveness).catch((error: unknown) =>
        context.log.error({ err: error, run: run.id }, 'looking after a run failed'),
      ),
    ]
  }
}

/** What the runtime says of each; who gives no answer in time is unknown. */
async function askAll(context: DaemonContext, runs: readonly LookedAtRun[]): Promise<Liveness[]> {
  const signal = callSignal(context, askDeadlineMs)
  const answers = runs.map((): Liveness => 'unknown')
  const asked = runs.map(async ({ runtime, handle }, index) => {
    if (handle !== null) {
      answers[index] = await getRuntime(context, runtime).inspect(
        JSON.parse(handle) as Handle,
        signal,
      )
    }
  })
  await abortable(Promise.allSettled(asked), signal).catch(() => undefined)
  return answers
}

/** What was listed may be over by now: whoever acts on it looks again. */
async function settleNews(
  context: DaemonContext,
  reconciler: Reconciler,
  { id, handle }: LookedAtRun,
  liveness: Liveness,
): Promise<void> {
  const run = context.store.runs.get(id)
  if (handle === null) {
    return await inspectStart(context, reconciler, run)
  }
  if (liveness !== 'dead') {
    return setUnknown(context, reconciler, id, liveness === 'unknown')
  }
  if (run?.ended_at === null) {
    const found = await findRun(context, run)
    if (found.state === 'exited' || found.state === 'lost') {
      settleRun(reconciler, run, found)
    }
  }
}

/** A start is its own affair, but for one that could not be asked for. */
async function inspectStart(
  context: DaemonContext,
  reconciler: Reconciler,
  run: RunRow | undefined,
): Promise<void> {
  if (run?.ended_at === null && run.handle === null && run.is_unknown === 1) {
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
