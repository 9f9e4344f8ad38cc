/** People who are with an agent now. Nothing of it is stored: who is cut off attaches again. */
export class Attachments {
  readonly #counts = new Map<string, number>()

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
