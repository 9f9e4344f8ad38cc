import { existsSync } from 'node:fs'
import { Backoff } from '../../../util/backoff.ts'
import { fileSize } from '../../../util/file-size.ts'
import type { RunReference } from '../../contract.ts'
import { runFiles } from '../../run-folder.ts'
import type { EngineLink } from '../engine-link.ts'
import { carry } from './courier-session.ts'
import type { InsideHandle } from './handle.ts'
import type { Place } from './notes.ts'
import { bringStopped } from './bring-stopped.ts'
import { lost, putExit, type Outcome } from './outcome.ts'
import type { Standing } from './standing.ts'

export interface CourierOptions {
  link: EngineLink
  run: RunReference
  place: Place
  handle: InsideHandle
}

/** A connection that held for so long was no accident, ms. */
const steadyMs = 2000

/**
 * Carries a run's output home and its input there, as long as the run lives, however often the
 * connection breaks. Both sides' files are its only memory, so one that comes after goes on from them.
 * The ending is put down last.
 */
export class Courier {
  readonly handle: InsideHandle
  readonly #options: CourierOptions
  readonly #ending = new AbortController()
  readonly #over = Promise.withResolvers<void>()
  readonly #backoff = new Backoff({ firstMs: 20, longestMs: 5000 })
  #session: AbortController | null = null
  #input = Promise.withResolvers<void>()
  #settled = Promise.withResolvers<void>()
  #isSettled = false
  #isCarrying = false
  #carryingSince = 0
  #outcome: Outcome | null = null
  #trouble: string | null = null

  constructor(options: CourierOptions) {
    this.#options = options
    this.handle = options.handle
    void this.#work()
  }

  /** Its holder is known to live, for its death would have been told. */
  get isCarrying(): boolean {
    return this.#isCarrying
  }

  /** Null: it is not over, as far as is known. */
  get outcome(): Outcome | null {
    return this.#outcome
  }

  /** Why it can't be asked for now; null where it can, or nobody knows yet. */
  get trouble(): string | null {
    return this.#trouble
  }

  /** Resolves once it is known how the run stands, or that it can't be asked for. */
  async settled(signal: AbortSignal): Promise<void> {
    await within(this.#settled.promise, signal)
  }

  /** Whether it is over by then. */
  async isOver(deadlineMs: number, signal: AbortSignal): Promise<boolean> {
    if (this.#outcome === null && deadlineMs > 0) {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(Math.min(deadlineMs, maxMs))])
      await within(this.#over.promise, deadline)
      signal.throwIfAborted()
    }
    return this.#outcome !== null
  }

  /** There may be more in `in`. */
  wake(): void {
    this.#input.resolve()
    this.#input = Promise.withResolvers()
  }

  /** `end` stands in the run's folder: the connection is made anew, for it was to have no end. */
  closeInput(): void {
    this.#session?.abort(new Error('The connection is made anew.'))
  }

  /** Lets go; the run goes on. */
  close(): void {
    this.#ending.abort(new Error('The courier was let go.'))
  }

  async #work(): Promise<void> {
    const { signal } = this.#ending
    while (!signal.aborted && this.#outcome === null) {
      const session = new AbortController()
      this.#session = session
      try {
        this.#outcome = await this.#attempt(AbortSignal.any([signal, session.signal]))
        // The connection ended there: how the run stands now is yet to be asked.
        this.#settle(false)
        this.#trouble = null
      } catch (error) {
        this.#fail(error)
      }
      if (this.#isCarrying && performance.now() - this.#carryingSince > steadyMs) {
        this.#backoff.reset()
      }
      this.#isCarrying = false
      if (this.#outcome === null && !session.signal.aborted) {
        await this.#backoff.wait(signal).catch(() => {})
      }
    }
    this.#over.resolve()
    this.#settle(true)
  }

  #fail(error: unknown): void {
    if (this.#session?.signal.aborted) {
      this.#settle(false)
    } else {
      this.#trouble = error instanceof Error ? error.message : String(error)
      this.#settle(true)
    }
  }

  /** Whether it is known how the run stands, or why it can't be. */
  #settle(isSettled: boolean): void {
    if (isSettled) {
      this.#settled.resolve()
    } else if (this.#isSettled) {
      this.#settled = Promise.withResolvers()
    }
    this.#isSettled = isSettled
  }

  /** One connection, to its end. Null: it is not over. */
  async #attempt(signal: AbortSignal): Promise<Outcome | null> {
    const { link, run, place, handle } = this.#options
    const engine = await link.engine(signal)
    const state = await engine.inspectContainer(handle.container, signal)
    if (!state) {
      return lost('its container was removed')
    }
    if (!state.isRunning) {
      return await bringStopped(engine, { run, place }, signal)
    }
    if (state.isPaused) {
      throw new Error(`container ${state.name} is paused`)
    }
    const { in: input, end } = runFiles(run.folder)
    const standing = await carry(
      engine,
      {
        run,
        place,
        inEnd: existsSync(end) ? fileSize(input) : null,
        onStanding: (found) => this.#greet(found),
        moreInput: async (bound) => await within(this.#input.promise, bound),
      },
      signal,
    )
    const isRestarted = state.startedAt !== handle.startedAt
    return this.#conclude(standing, isRestarted ? 'its container was started anew' : null)
  }

  #greet(standing: Standing | null): void {
    if (standing?.isAlive) {
      this.#isCarrying = true
      this.#trouble = null
      this.#carryingSince = performance.now()
      this.#settle(true)
    }
  }

  #conclude(standing: Standing | null, cause: string | null): Outcome | null {
    const { run } = this.#options
    if (!standing) {
      return lost(cause ?? 'its folder in the container was removed')
    }
    const { out, err } = runFiles(run.folder)
    const isWhole = fileSize(out) >= standing.outBytes && fileSize(err) >= standing.errBytes
    if (standing.isAlive || !isWhole) {
      return null
    }
    if (standing.exit === null) {
      return lost(cause ?? 'its process is gone and left no record')
    }
    putExit(run, standing.exit)
    return { hasExit: true, cause: '', isOutOfMemory: standing.isOutOfMemory }
  }
}

/** Timers can't count further, ms. */
const maxMs = 2 ** 31 - 1

async function within(event: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<void>()
  const abort = (): void => aborted.resolve()
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) {
    abort()
  }
  await Promise.race([event, aborted.promise])
  signal.removeEventListener('abort', abort)
}
