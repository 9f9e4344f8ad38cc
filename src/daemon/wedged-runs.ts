import { isWedged, type WorkSample } from '../core/wedge.ts'
import type { RunRow } from '../store/index.ts'
import {
  askDeadlineMs,
  callSignal,
  getRuntime,
  referenceOf,
  type DaemonContext,
} from './context.ts'
import type { Reconciler } from './reconciler.ts'

/** Two looks at a silent turn are this far apart at least, ms; less where its agent's own time is shorter. */
const watchMs = 60_000

/** Turns that were silent for long, as first seen then; by run. */
export class WedgedRuns {
  readonly #context: DaemonContext
  readonly #reconciler: Reconciler
  readonly #first = new Map<string, WorkSample>()

  constructor(context: DaemonContext, reconciler: Reconciler) {
    this.#context = context
    this.#reconciler = reconciler
  }

  /** One look at a live run; ends it once it is proven that nothing happens in its turn. */
  async inspect(run: RunRow): Promise<void> {
    const { wedgedMs } = this.#context.specs.get(run.agent_id).lifecycle
    const now = this.#context.now()
    const isSilent = now - (run.active_at ?? run.created_at) >= wedgedMs
    const isExempt = wedgedMs === 0 || run.suspension !== null
    if (isExempt || run.turn !== 'working' || run.stop_reason || !isSilent) {
      this.#first.delete(run.id)
      return
    }
    const work = await this.#measure(run)
    const first = this.#first.get(run.id)
    if (!work) {
      this.#first.delete(run.id)
    } else if (first && first.processes.join() === work.processes.join()) {
      if (isWedged(first, { at: now, ...work }, Math.min(watchMs, wedgedMs))) {
        this.#end(run.id, run.active_at)
      }
    } else {
      this.#first.set(run.id, { at: now, ...work })
    }
  }

  /** Runs that have ended are not looked at again. */
  keepOnly(runIds: ReadonlySet<string>): void {
    for (const id of this.#first.keys()) {
      if (!runIds.has(id)) {
        this.#first.delete(id)
      }
    }
  }

  async #measure(run: RunRow): Promise<Omit<WorkSample, 'at'> | null> {
    const runtime = getRuntime(this.#context, run.runtime)
    const reference = referenceOf(this.#context, run.id)
    const signal = callSignal(this.#context, askDeadlineMs)
    try {
      const handle = JSON.parse(run.handle ?? 'null')
      return (await runtime.measureWork?.(reference, handle, signal)) ?? null
    } catch {
      return null
    }
  }

  /** It may have said something while it was measured: then it is not silent. */
  #end(runId: string, activeAt: number | null): void {
    const { store } = this.#context
    const run = store.runs.get(runId)
    this.#first.delete(runId)
    if (run && run.ended_at === null && run.active_at === activeAt && run.turn === 'working') {
      this.#reconciler.records.change(run.agent_id, 'relaxed', () =>
        store.runs.setStopping(runId, 'wedged'),
      )
      this.#reconciler.kick(run.agent_id)
    }
  }
}
