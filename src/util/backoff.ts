import { setTimeout as pause } from 'node:timers/promises'

export interface BackoffOptions {
  /** The first pause, ms. */
  firstMs: number
  /** No pause is longer, ms. */
  longestMs: number
}

/** Pauses that double until something works; each a little off, so that many do not come back at once. */
export class Backoff {
  readonly #options: BackoffOptions
  #nextMs: number

  constructor(options: BackoffOptions) {
    this.#options = options
    this.#nextMs = options.firstMs
  }

  /** It worked: the next pause is the first one again. */
  reset(): void {
    this.#nextMs = this.#options.firstMs
  }

  /** How long the next pause is to be, ms. */
  next(): number {
    const pauseMs = this.#nextMs * (0.75 + Math.random() / 2)
    this.#nextMs = Math.min(this.#nextMs * 2, this.#options.longestMs)
    return pauseMs
  }

  /** Makes the next pause. Rejects with an AbortError when the signal is aborted. */
  async wait(signal: AbortSignal): Promise<void> {
    await pause(this.next(), undefined, { signal, ref: false })
  }
}
