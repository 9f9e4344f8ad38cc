/** Longest time a timer can be set for, ms; a later alarm is set again then. Source: Node's setTimeout. */
const longestMs = 2 ** 31 - 1

/** The clock and the machine's own time may drift this far apart before the clock has been set, ms. */
const driftMs = 2000

/**
 * One alarm for each agent, at a time of the clock. Timers count the machine's own time, so when the
 * clock is set, or the machine slept, every alarm is looked at again.
 */
export class Alarms {
  readonly #ring: (agentId: string) => void
  readonly #now: () => number
  readonly #timers = new Map<string, NodeJS.Timeout>()
  #drift: number
  #wasClockSet = false

  constructor(ring: (agentId: string) => void, now: () => number) {
    this.#ring = ring
    this.#now = now
    this.#drift = this.#measure()
  }

  /** Rings once at that time, Unix ms, instead of any time set before; null: never. */
  set(agentId: string, at: number | null): void {
    this.#lookAtClock()
    const before = this.#timers.get(agentId)
    if (before) {
      clearTimeout(before)
      this.#timers.delete(agentId)
    }
    if (at !== null) {
      const waitMs = Math.min(longestMs, Math.max(0, at - this.#now()) + 1)
      const timer = setTimeout(() => this.#fire(agentId), waitMs)
      timer.unref()
      this.#timers.set(agentId, timer)
    }
  }

  /** Rings all alarms if the clock was set since the last call, be it set right again; after `settle`. */
  checkClock(settle: () => void): void {
    this.#lookAtClock()
    if (this.#wasClockSet) {
      this.#wasClockSet = false
      settle()
      for (const agentId of Array.from(this.#timers.keys())) {
        this.#fire(agentId)
      }
    }
  }

  close(): void {
    this.#timers.forEach((timer) => clearTimeout(timer))
    this.#timers.clear()
  }

  #fire(agentId: string): void {
    this.set(agentId, null)
    this.#ring(agentId)
  }

  #lookAtClock(): void {
    const drift = this.#measure()
    if (Math.abs(drift - this.#drift) > driftMs) {
      this.#drift = drift
      this.#wasClockSet = true
    }
  }

  #measure(): number {
    return this.#now() - performance.now()
  }
}
