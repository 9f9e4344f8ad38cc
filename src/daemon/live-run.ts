import type {
  Decoder,
  DecoderState,
  OutgoingMessage,
  ProviderEvent,
  Speech,
} from '../providers/contract.ts'
import type { Exit } from '../runtimes/contract.ts'
import { readExit } from '../runtimes/run-folder.ts'
import type { AgentSpec } from '../schema/agent.ts'
import type { RunRow } from '../store/index.ts'
import { applyOutput } from './apply-output.ts'
import { commitOutput } from './commit-output.ts'
import type { DaemonContext } from './context.ts'
import { faultPoint } from './fault-point.ts'
import type { Records } from './records.ts'
import { RunOutput, type Portion } from './run-output.ts'
import { RunWatch } from './run-watch.ts'

export interface LiveRunOptions {
  context: DaemonContext
  records: Records
  run: RunRow
  spec: AgentSpec
  speech: Speech
  folder: string
  /** The program is gone, its output is read: time to end the run. `exit` is null when it left no record. */
  onExit: (exit: Exit) => void
  /** Something changed that the agent's next step may depend on. */
  onChange: () => void
}

/** Between two portions while followers catch up, ms; the output is on disk and can wait. */
const pauseMs = 2

/** A screen that grew by so much is put down, bytes. */
const muchScreen = 256 * 1024

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
  readonly #output: RunOutput
  readonly #watch: RunWatch
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
    const isBlind = this.#decoder.isBlindToScreen ?? false
    this.#output = new RunOutput({ ...options, isBlind })
    this.#watch = new RunWatch(
      () => this.wake(),
      (error) => this.#loseSight(error),
      run.is_terminal === 1,
    )
  }

  get runId(): string {
    return this.#options.run.id
  }

  /** Changes of the files are not told to it: who looks after runs must wake it. */
  get isBlind(): boolean {
    return !this.#watch.isWatching && !this.#isClosed
  }

  /** Begins to follow, with what is there already. Call once the input of an adopted run is settled. */
  follow(): void {
    if (this.#watch.isWatching || this.#isClosed) {
      return
    }
    const { folder, run } = this.#options
    this.#watch.begin(folder)
    if (run.transcript !== null) {
      this.#watch.watchTranscript(run.transcript)
    }
    this.#arm()
    this.wake()
  }

  /** The place of its program's own transcript is on record: that is read, too. */
  readTranscript(): void {
    const { context, run } = this.#options
    const row = context.store.runs.get(run.id)
    if (row?.transcript) {
      this.#output.readTranscript(row.transcript, row.transcript_bytes)
      this.#watch.watchTranscript(row.transcript)
    }
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
    this.#commit(this.#decoder.ended(this.#options.context.now(), isSuccess), [])
    this.#passOverScreen(0)
    this.close()
  }

  close(): void {
    this.#isClosed = true
    this.#watch.end()
    clearTimeout(this.#timer ?? undefined)
    this.#output.close()
  }

  /** The system has no watches left, for one; the run is looked at now and then instead. */
  #loseSight(error: unknown): void {
    const { context, run } = this.#options
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
      this.#passOverScreen(muchScreen)
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
    const portions = this.#output.read(mustTake)
    if (portions.length === 0) {
      return false
    }
    const events = portions.flatMap(({ stream, lines, isCut }) =>
      this.#decoder.push(stream, lines, { now, isCut }),
    )
    faultPoint('output-read')
    this.#commit(events, portions)
    faultPoint('output-committed')
    if (events.some(({ type }) => type === 'transcript')) {
      this.readTranscript()
    }
    return true
  }

  /** A screen is not read, but takes room: how much is put down once it is more than `least`, bytes. */
  #passOverScreen(least: number): void {
    const bytes = this.#output.unreadScreenBytes
    if (bytes > least) {
      const { context, run } = this.#options
      const { out } = this.#output.offsets
      context.store.transaction('relaxed', () =>
        context.store.runs.setSkipped(run.id, out + bytes, bytes),
      )
      this.#output.passOver(bytes)
    }
  }

  #commit(events: readonly ProviderEvent[], portions: readonly Portion[]): void {
    const { context, records, run, onChange } = this.#options
    let changesState: boolean
    try {
      changesState = commitOutput(context, records, {
        run,
        events,
        progress: {
          bytes: this.#output.behind(portions),
          addedBytes: portions.reduce((sum, { bytes }) => sum + bytes, 0),
          decoder: JSON.stringify(this.#decoder.snapshot()),
          now: context.now(),
        },
      })
    } catch (error) {
      this.reset()
      throw error
    }
    this.#output.advance(portions)
    this.#arm()
    if (changesState) {
      onChange()
    }
  }

  /** The time has come by the timer, also when the clock was set back meanwhile. */
  #takeDue(dueAt: number): void {
    if (this.#isHeld) {
      return
    }
    try {
      const now = Math.max(dueAt, this.#options.context.now())
      this.#commit(this.#decoder.due(now), [])
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
function createDecoder({ speech, spec }: LiveRunOptions, saved: string | null): Decoder {
  return speech.createDecoder(saved ? (JSON.parse(saved) as DecoderState) : null, spec)
}
