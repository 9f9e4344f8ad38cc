import { isStartWanted } from '../core/next-step.ts'
import type { Transcript } from '../providers/contract.ts'
import type { Handle, Launch } from '../runtimes/contract.ts'
import { DroverError } from '../schema/error.ts'
import type { ErrorClass } from '../schema/error-class.ts'
import type { RunRow } from '../store/index.ts'
import { abortable } from '../util/abortable.ts'
import { findRun, settleRun } from './ask-run.ts'
import { callSignal, getRuntime } from './context.ts'
import { faultPoint } from './fault-point.ts'
import { LongStarts } from './long-starts.ts'
import { prepareLaunch } from './prepare-launch.ts'
import type { Reconciler } from './reconciler.ts'
import { readView } from './views.ts'
import { tellRun } from './run-input.ts'
import { writeInput } from './write-input.ts'

/** Brings runs up. */
export class StartedRuns {
  readonly #reconciler: Reconciler
  /** Runs that were brought up and whose handle could not be stored yet, as on a full disk. */
  readonly #handles = new Map<string, Handle>()
  readonly #long: LongStarts

  constructor(reconciler: Reconciler) {
    this.#reconciler = reconciler
    this.#long = new LongStarts(reconciler.records)
  }

  /** A start that takes long is given up if it is not wanted any more. Cheap where there is none. */
  reconsider(agentId: string): void {
    if (this.#long.isLong(agentId)) {
      const view = readView(this.#reconciler.context, agentId)
      if (!view || !isStartWanted(view)) {
        this.#long.giveUp(agentId)
      }
    }
  }

  /** Its program is up, though that could not be stored yet: such a run is stopped, not cancelled. */
  isUp(agentId: string): boolean {
    return this.#handles.has(this.#reconciler.liveRow(agentId).id)
  }

  async start(agentId: string): Promise<void> {
    const run = this.#reconciler.liveRow(agentId)
    const handle = this.#handles.get(run.id) ?? (await this.#bringUp(run))
    if (!handle) {
      return
    }
    this.#handles.set(run.id, handle)
    this.#reconciler.records.setRunning(run, handle)
    this.#handles.delete(run.id)
    faultPoint('run-recorded')
    // What it said since is there to be read: following begins with a look.
    this.#reconciler.live(run).follow()
  }

  /** The handle; null when it could not be brought up, and its run has ended or can't be asked for. */
  async #bringUp(run: RunRow): Promise<Handle | null> {
    const { context } = this.#reconciler
    this.#reconciler.live(run)
    const { bootMs } = context.specs.get(run.agent_id).lifecycle
    const signal = callSignal(context, bootMs)
    let launch: Launch
    try {
      const prepared = await prepareLaunch(context, run, signal)
      launch = prepared.launch
      this.#greet(run, prepared.greeting)
      this.#noteTranscript(run, prepared.transcript)
      faultPoint('launch-prepared')
    } catch (error) {
      this.#fail(run, error)
      return null
    }
    const givenUp = this.#long.begin(run)
    const either = AbortSignal.any([signal, givenUp])
    try {
      const runtime = getRuntime(context, run.runtime)
      const starting = runtime.start(launch, either, (text) => this.#long.tell(run, text))
      const handle = await abortable(starting, either)
      faultPoint('run-spawned')
      return handle
    } catch (error) {
      if (givenUp.aborted) {
        return await this.#lookAfterFailure(run, null)
      }
      const at = this.#long.textOf(run.agent_id)
      const late = new Error(`it was not up within ${bootMs / 1000} s${at ? `: ${at}` : ''}`)
      return await this.#lookAfterFailure(run, signal.aborted ? late : error)
    } finally {
      this.#long.end(run.agent_id)
    }
  }

  /** The greeting is in the input when the program starts. A start that is tried again has stored it already. */
  #greet({ id, agent_id: agentId }: RunRow, greeting: string | null): void {
    const { context, records } = this.#reconciler
    const { store } = context
    const run = store.runs.get(id)
    if (greeting === null || !run) {
      return
    }
    if (run.in_bytes === 0) {
      records.change(agentId, 'relaxed', () => tellRun(store, id, greeting))
    }
    writeInput(context, records, this.#reconciler.live(run))
  }

  /** What was in it before the run is of before; a start that is tried again has stored its place already. */
  #noteTranscript(run: RunRow, transcript: Transcript | null): void {
    const { store } = this.#reconciler.context
    if (transcript !== null && store.runs.get(run.id)?.transcript === null) {
      store.transaction('relaxed', () => store.runs.setTranscript(run.id, transcript))
      this.#reconciler.live(run).readTranscript()
    }
  }

  /**
   * A start that failed may have brought its program up all the same, and that have read its input.
   * `error` is null for one that was given up.
   */
  async #lookAfterFailure(run: RunRow, error: unknown): Promise<Handle | null> {
    const { context, records } = this.#reconciler
    if (context.signal.aborted) {
      // The daemon ends; the next one finds out how far the start came.
      return null
    }
    const found = await findRun(context, run)
    if (found.state === 'running') {
      return found.handle
    }
    if (found.state === 'lost' && found.isUnstarted) {
      if (error === null) {
        this.#reconciler.forget(run.id)
        records.record(run.agent_id, { kind: 'record', do: 'cancel-run' })
      } else {
        this.#fail(run, error)
      }
    } else if (!context.signal.aborted) {
      settleRun(this.#reconciler, run, found)
      context.admission.end(run.agent_id)
    }
    return null
  }

  #fail(run: RunRow, error: unknown): void {
    const { context, records } = this.#reconciler
    if (context.signal.aborted) {
      return
    }
    context.log.warn({ err: error, agent: run.agent_id, run: run.id }, 'a start failed')
    this.#reconciler.forget(run.id)
    records.endRun(run, {
      status: 'failed',
      exitCode: null,
      signal: null,
      cause: error instanceof Error ? error.message : String(error),
      errorClass: classOf(error),
      isMachineFault: isShortage(error),
      now: context.now(),
    })
  }
}

/** What a person must mend is told from what may pass. */
function classOf(error: unknown): ErrorClass | null {
  return error instanceof DroverError && !error.row.retryable ? 'config' : null
}

/** The machine has no room: a full disk, too many files or processes. */
function isShortage(error: unknown): boolean {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } }
  return [code, cause?.code].some((each) => typeof each === 'string' && shortages.has(each))
}

const shortages: ReadonlySet<string> = new Set([
  'ENOSPC',
  'EDQUOT',
  'EMFILE',
  'ENFILE',
  'EAGAIN',
  'ENOMEM',
])
