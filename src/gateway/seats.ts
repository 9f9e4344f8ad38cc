/** Gives up what a seat was taken for. */
type Leave = () => void

/** What agents have under way at the door, bounded for each. */
export class Seats {
  readonly #most: number
  readonly #taken = new Map<string, Set<Leave>>()

  constructor(most: number) {
    this.#most = most
  }

  /** A seat, which is given back by what is returned, once or more often; null: all are taken. */
  take(agentId: string, leave: Leave): (() => void) | null {
    const taken = this.#taken.get(agentId) ?? new Set()
    if (taken.size >= this.#most) {
      return null
    }
    this.#taken.set(agentId, taken.add(leave))
    return () => {
      taken.delete(leave)
      if (taken.size === 0 && this.#taken.get(agentId) === taken) {
        this.#taken.delete(agentId)
      }
    }
  }

  /** Ends all that an agent has under way. */
  clear(agentId: string): void {
    const taken = [...(this.#taken.get(agentId) ?? [])]
    taken.forEach((leave) => leave())
  }

  clearAll(): void {
    const agents = [...this.#taken.keys()]
    agents.forEach((agentId) => this.clear(agentId))
  }
}
