import { abortable } from './abortable.ts'

/** How long a wait may take. */
export interface WaitLimit {
  seconds: number
  signal: AbortSignal
}

/** Wakes those who wait for something with a key to change. Nothing is kept for keys nobody waits for. */
export class Notifier {
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>()

  /** Resolves at the next `notify` of the key; rejects when the signal aborts. */
  async wait(key: string, signal: AbortSignal): Promise<void> {
    let shared = this.#waiting.get(key)
    if (!shared) {
      shared = Promise.withResolvers<void>()
      this.#waiting.set(key, shared)
    }
    await abortable(shared.promise, signal)
  }

  notify(key: string): void {
    const shared = this.#waiting.get(key)
    if (shared) {
      this.#waiting.delete(key)
      shared.resolve()
    }
  }

  /**
   * Looks until `look` gives something, again after each `notify` of the key. Resolves to undefined
   * after `seconds`, or when the signal aborts.
   */
  async until<T>(key: string, look: () => T | undefined, limit: WaitLimit): Promise<T | undefined> {
    const signal = AbortSignal.any([
      limit.signal,
      AbortSignal.timeout(Math.ceil(limit.seconds * 1000)),
    ])
    for (;;) {
      const found = look()
      if (found !== undefined) {
        return found
      }
      try {
        await this.wait(key, signal)
      } catch {
        return look()
      }
    }
  }
}
