import type { TerminalConnection, TerminalEvent } from '../runtimes/contract.ts'
import { DroverError } from '../schema/error.ts'
import type { TerminalSize } from '../schema/terminal.ts'
import type { GuestRow } from '../store/index.ts'
import { handleOf } from './ask-guest.ts'
import { comeToTerminal } from './come-to-terminal.ts'
import { guestReference, type DaemonContext } from './context.ts'
import type { Visit, VisitEvent, VisitOptions } from './terminal-visit.ts'

/** A terminal that can't be come to though its guest lives is tried again after this long, ms. */
const retryMs = 2000

/** Somebody at the terminal of a guest, until that ends. */
export class GuestVisit implements Visit {
  /** Name of the agent whose guest it is. */
  readonly agent: string
  readonly #context: DaemonContext
  readonly #id: string
  readonly #options: Pick<VisitOptions, 'isReadOnly' | 'signal'>
  #onEvent: (event: VisitEvent) => void = () => undefined
  #size: TerminalSize
  #isPaused = false
  #connection: TerminalConnection | null = null
  #isComing = false
  #retry: NodeJS.Timeout | undefined

  constructor(context: DaemonContext, guest: GuestRow, options: VisitOptions) {
    this.#context = context
    this.agent = guest.agent
    this.#id = guest.id
    this.#options = options
    this.#size = options.size
  }

  /** Tells what happens until they leave or the guest ends; then `gone` is the last. Called once. */
  async stay(onEvent: (event: VisitEvent) => void): Promise<void> {
    const { store, notifier } = this.#context
    const { signal } = this.#options
    this.#onEvent = onEvent
    let cause = 'it has ended'
    try {
      for (;;) {
        const row = store.guests.get(this.#id)
        cause = row?.end_cause ?? cause
        if (!row || row.end_cause !== null || signal.aborted) {
          break
        }
        this.#come(row)
        await notifier.wait(`guest:${this.#id}`, signal).catch(() => undefined)
      }
      if (!signal.aborted) {
        onEvent({ type: 'gone', cause })
      }
    } finally {
      this.#onEvent = () => undefined
      clearTimeout(this.#retry)
      this.#connection?.close()
    }
  }

  /** What they typed; lost while its terminal can't be come to. */
  write(bytes: Uint8Array): void {
    if (!this.#options.isReadOnly) {
      this.#connection?.write(bytes)
    }
  }

  resize(size: TerminalSize): void {
    this.#size = size
    this.#connection?.resize(size)
  }

  redraw(): void {
    this.#connection?.redraw()
  }

  pause(): void {
    this.#isPaused = true
    this.#connection?.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#connection?.resume()
  }

  /** Errors: `invalid_request`, always. */
  wake(): Promise<void> {
    return Promise.reject(
      new DroverError('invalid_request', 'wake: a guest does not sleep.', {
        details: { field: 'wake' },
      }),
    )
  }

  #come(row: GuestRow): void {
    const handle = handleOf(row)
    if (handle === null || this.#isComing || this.#connection) {
      return
    }
    this.#isComing = true
    const { isReadOnly, signal } = this.#options
    let isGone = false
    const onEvent = (event: TerminalEvent): void => {
      if (event.type === 'gone') {
        isGone = true
        this.#connection = null
        this.#comeLater()
      } else {
        this.#onEvent(event)
      }
    }
    const place = { runtime: row.runtime, run: guestReference(this.#context, row.id), handle }
    comeToTerminal(this.#context, place, { size: this.#size, isReadOnly, signal, onEvent })
      .then((connection) => this.#begin(connection, isGone))
      .catch((error: unknown) => {
        this.#context.log.debug({ err: error, guest: row.id }, 'a terminal could not be come to')
        this.#comeLater()
      })
      .finally(() => {
        this.#isComing = false
      })
  }

  #begin(connection: TerminalConnection, isGone: boolean): void {
    if (this.#options.signal.aborted || isGone) {
      connection.close()
      return
    }
    this.#connection = connection
    if (this.#isPaused) {
      connection.pause()
    }
  }

  /** Its program may live on though its terminal is gone, or could not be asked for. */
  #comeLater(): void {
    clearTimeout(this.#retry)
    if (!this.#options.signal.aborted) {
      this.#retry = setTimeout(() => this.#context.notifier.notify(`guest:${this.#id}`), retryMs)
      this.#retry.unref()
    }
  }
}
