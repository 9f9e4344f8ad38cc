import { watch, type FSWatcher } from 'node:fs'
import type {
  Decoder,
  DecoderState,
  OutgoingMessage,
  Provider,
  ProviderEvent,
} from '../providers/contract.ts'
import type { Exit } from '../runtimes/contract.ts'
import { readExit, runFiles } from '../runtimes/run-folder.ts'
import type { AgentSpec } from '../schema/agent.ts'
import type { RunRow } from '../store/index.ts'
import { applyOutput } from './apply-output.ts'
import type { DaemonContext } from './context.ts'
import { faultPoint } from './fault-point.ts'
import { OutputFile } from './output-file.ts'
import type { Records } from './records.ts'

export interface LiveRunOptions {
  context: DaemonContext
  records: Records
  run: RunRow
  spec: AgentSpec
  provider: Provider
  folder: string
  /** The program is gone, its output is read: time to end the run. `exit` is null when it left no record. */
  onExit: (exit: Exit) => void
  /** Something changed that the agent's next step may depend on. */
  onChange: () => void
}

/** Between two portions while followers catch up, ms; the output is on disk and can wait. */
const pauseMs = 2

/** After a write failed, it is tried again after this long, ms. */
const retryMs = 1000

/**
 * The daemon's side of one run: follows its files, and turns what the program says into events. The
 * offset, the decoder's state and the events are committed together, so a daemon that dies and a
 * new one that reads on from the offset give each event once.
 */
export class LiveRun {
  readonly #options: LiveRunOptions
  #decoder: Decoder
  readonly #out: OutputFile
  readonly #err: OutputFile
  #watcher: FSWatcher | null = null
  #timer: NodeJS.Timeout | null = null
  #isDraining = false
  #hasMore = false
  #isHeld = false
  #isClosed = false

  constructor(options: LiveRunOptions) {
    this.#options = options
    const { run, folder } = options
    this.#decoder = createDecoder(options, run.decoder)
    options.context.folders.create(folder)
    const files = runFiles(folder)
    this.#out = new OutputFile(files.out, run.out_bytes)
    this.#err = new OutputFile(files.err, run.err_bytes)
  }

  get runId(): string {
    return this.#options.run.id
  }

  /** Changes of the files are not told to it: who looks after runs must wake it. */
  get isBlind(): boolean {
    return this.#watcher === null && !this.#isClosed
  }

  /** Begins to follow, with what is there already. Call once the input of an adopted run is settled. */
  follow(): void {
    if (this.#watcher || this.#isClosed) {
      return
    }
    try {
      this.#watcher = watch(
        this.#options.folder,
        (_, file) => file !== 'in' && file !== 'bell' && this.wake(),
      )
      this.#watcher.on('error', (error) => this.#loseSight(error))
    } catch (error) {
      this.#loseSight(error)
    }
    this.#arm()
    this.wake()
  }

  /** Looks at the files again. */
  wake(): void {
    this.#hasMore = true
    if (!this.#isDraining && !this.#isClosed) {
      this.#isDraining = true
      this.#drain()
    }
  }

  /** A message went in; part of the transaction under way, which marks it so. */
  sent(message: OutgoingMessage): void {
    const { context, records, run } = this.#options
    applyOutput(context, records, run, this.#decoder.sent(message, context.now()))
    context.store.runs.setDecoder(run.id, JSON.stringify(this.#decoder.snapshot()))
    this.#arm()
  }

  /** No output is read until `letGo`: what answers a message must not be read before it is known to be in. */
  hold(): void {
    this.#isHeld = true
  }

  letGo(): void {
    this.#isHeld = false
    if (this.#hasMore) {
      this.wake()
    }
  }

  /** A transaction failed: back to what was committed last, so that nothing is taken twice. */
  reset(): void {
    const { context, run } = this.#options
    const row = context.store.runs.get(run.id)
    this.#decoder = createDecoder(this.#options, row?.decoder ?? null)
    run.ready_at = row?.ready_at ?? null
  }

  /** Reads everything to the end, also a last line without its newline. The program must be gone. */
  finish(isSuccess: boolean): void {
    while (this.#readPortion(true)) {
      // goes on until both files are read
    }
    this.#commit(this.#decoder.ended(this.#options.context.now(), isSuccess), 0, 0)
    this.close()
  }

  close(): void {
    this.#isClosed = true
    this.#watcher?.close()
    this.#watcher = null
    clearTimeout(this.#timer ?? undefined)
    this.#out.close()
    this.#err.close()
  }

  /** The system has no watches left, for one; the run is looked at now and then instead. */
  #loseSight(error: unknown): void {
    const { context, run } = this.#options
    this.#watcher?.close()
    this.#watcher = null
    context.log.error(
      { err: error, run: run.id },
      'a run can not be watched; its output comes late',
    )
  }

  /** One portion, then other runs have their turn; ends when nothing is left and nothing has changed. */
  #drain(): void {
    if (this.#isClosed || this.#isHeld) {
      this.#isDraining = false
      return
    }
    try {
      this.#hasMore = false
      const exit = readExit(this.#options.folder)
      const gotSome = this.#readPortion(false)
      if (gotSome || this.#hasMore) {
        this.#drainLater()
        return
      }
      this.#isDraining = false
      if (exit) {
        this.#options.onExit(exit)
      }
    } catch (error) {
      this.#isDraining = false
      this.#retry(error)
    }
  }

  #drainLater(): void {
    if (this.#options.context.hub.isStrained) {
      setTimeout(() => this.#drain(), pauseMs)
    } else {
      setImmediate(() => this.#drain())
    }
  }

  /** A full disk is the usual reason. Nothing is lost: the output is on disk, or the program was told. */
  #retry(error: unknown): void {
    const { log } = this.#options.context
    log.error({ err: error, run: this.#options.run.id }, 'reading a run failed; trying again')
    setTimeout(() => {
      this.#arm()
      this.wake()
    }, retryMs).unref()
  }

  /** Returns whether there was anything to read. */
  #readPortion(mustTake: boolean): boolean {
    const { context } = this.#options
    const now = context.now()
    const out = this.#out.read(mustTake)
    const err = this.#err.read(mustTake)
    if (!out && !err) {
      return false
    }
    const events = [
      ...(out ? this.#decoder.push('out', out.lines, { now, isCut: out.isCut }) : []),
      ...(err ? this.#decoder.push('err', err.lines, { now, isCut: err.isCut }) : []),
    ]
    faultPoint('output-read')
    this.#commit(events, out?.bytes ?? 0, err?.bytes ?? 0)
    faultPoint('output-committed')
    return true
  }

  #commit(events: readonly ProviderEvent[], outBytes: number, errBytes: number): void {
    const { context, records, run } = this.#options
    const changesState = events.some(({ type }) => stateEvents.has(type))
    const write = (): void => {
      applyOutput(context, records, run, events)
      if (changesState) {
        context.store.agents.touch(run.agent_id, context.now())
      }
      context.store.runs.setProgress(run.id, {
        outBytes: this.#out.offset + outBytes,
        errBytes: this.#err.offset + errBytes,
        addedBytes: outBytes + errBytes,
        decoder: JSON.stringify(this.#decoder.snapshot()),
        now: context.now(),
      })
    }
    try {
      if (changesState) {
        records.change(run.agent_id, 'relaxed', write)
      } else {
        context.store.transaction('relaxed', write)
      }
    } catch (error) {
      this.reset()
      throw error
    }
    this.#out.offset += outBytes
    this.#err.offset += errBytes
    this.#arm()
    if (changesState) {
      this.#options.onChange()
    }
  }

  /** The time has come by the timer, also when the clock was set back meanwhile. */
  #takeDue(dueAt: number): void {
    if (this.#isHeld) {
      return
    }
    try {
      const now = Math.max(dueAt, this.#options.context.now())
      this.#commit(this.#decoder.due(now), 0, 0)
    } catch (error) {
      this.#retry(error)
    }
  }

  /** Sets the clock for the decoder's own deadlines. */
  #arm(): void {
    clearTimeout(this.#timer ?? undefined)
    this.#timer = null
    const now = this.#options.context.now()
    const dueAt = this.#decoder.dueAt(now)
    if (dueAt === null || this.#isClosed) {
      return
    }
    this.#timer = setTimeout(() => this.#takeDue(dueAt), Math.max(0, dueAt - now) + 1)
    this.#timer.unref()
  }
}

/** A decoder that goes on from a stored state. */
function createDecoder({ provider, spec }: LiveRunOptions, saved: string | null): Decoder {
  return provider.createDecoder(saved ? (JSON.parse(saved) as DecoderState) : null, spec)
}

/** Events after which the agent's status or next step may be another. */
const stateEvents: ReadonlySet<ProviderEvent['type']> = new Set([
  'ready',
  'input',
  'unusable',
  'question',
  'question.closed',
  'session',
  'accepted',
  'turn.started',
  'turn.ended',
  'limited',
  'background',
])
