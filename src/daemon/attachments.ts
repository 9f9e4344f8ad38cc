/** How long after a daemon's start those who were attached to the last one may take to be back, ms. */
const comeBackMs = 5000

/** People who are with an agent now. Nothing of it is stored: who is cut off attaches again. */
export class Attachments {
  /** Until then some who were cut off when the last daemon died may be back, Unix ms. */
  readonly awaitedUntil: number
  readonly #counts = new Map<string, number>()

  /** `startedAt`: when this daemon started, Unix ms. */
  constructor(startedAt: number) {
    this.awaitedUntil = startedAt + comeBackMs
  }

  count(agentId: string): number {
    return this.#counts.get(agentId) ?? 0
  }

  add(agentId: string): void {
    this.#counts.set(agentId, this.count(agentId) + 1)
  }

  remove(agentId: string): void {
    const left = this.count(agentId) - 1
    if (left > 0) {
      this.#counts.set(agentId, left)
    } else {
      this.#counts.delete(agentId)
    }
  }
}
