import type { TerminalEvent } from '../contract.ts'

/** An event, or how to find it out; null is none. */
export type Turn = TerminalEvent | (() => Promise<TerminalEvent | null>)

export interface EventQueueOptions {
  onEvent: (event: TerminalEvent) => void
  /** More is wanted, or no more for now. */
  onFlow: (isOpen: boolean) => void
}

/**
 * Hands events over in order. One that must be found out first keeps those behind it waiting, and so
 * does a pause; what comes when nobody waits is handed over at once.
 */
export class EventQueue {
  readonly #options: EventQueueOptions
  readonly #waiting: Turn[] = []
  #isTelling = false
  #isPaused = false
  #isClosed = false

  constructor(options: EventQueueOptions) {
    this.#options = options
  }

  push(turn: Turn): void {
    if (this.#isClosed) {
      return
    }
    if (this.#waiting.length === 0 && !this.#isTelling && !this.#isPaused && 'type' in turn) {
      return this.#options.onEvent(turn)
    }
    this.#waiting.push(turn)
    this.#options.onFlow(false)
    void this.#tell()
  }

  pause(): void {
    this.#isPaused = true
    this.#options.onFlow(false)
  }

  resume(): void {
    this.#isPaused = false
    void this.#tell()
  }

  /** Nothing is handed over any more. */
  close(): void {
    this.#isClosed = true
    this.#waiting.length = 0
  }

  async #tell(): Promise<void> {
    if (this.#isTelling) {
      return
    }
    this.#isTelling = true
    while (!this.#isPaused && this.#waiting[0]) {
      const turn = this.#waiting[0]
      const event = 'type' in turn ? turn : await turn()
      if (this.#isPaused && !this.#isClosed) {
        // It was found out, and waits with the others.
        this.#waiting.splice(0, 1, ...(event ? [event] : []))
        break
      }
      this.#waiting.shift()
      if (event && !this.#isClosed) {
        this.#options.onEvent(event)
      }
    }
    this.#isTelling = false
    if (!this.#isPaused && !this.#isClosed) {
      this.#options.onFlow(true)
    }
  }
}
