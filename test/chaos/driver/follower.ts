import type { Client } from '../../../src/client/index.ts'
import type { Event } from '../../../src/schema/event.ts'

/** Longer than any daemon is away, ms. */
const reconnectMs = 600_000

/** One who follows the events from the first on, through every death, as a dashboard would. */
export class Follower {
  readonly seen: Event[] = []
  readonly #ending = new AbortController()
  #following: Promise<void> = Promise.resolve()

  /** Comes; a daemon must be there, and stay so long. */
  async begin(client: Client): Promise<void> {
    const { signal } = this.#ending
    const events = client.events({ since: 0, isFollowing: true, reconnectMs, signal })
    this.#following = this.#follow(await events.open())
    // Looked at when it is closed.
    this.#following.catch(() => undefined)
  }

  /** Goes away; rejects when it could not stay till now. */
  async close(): Promise<void> {
    this.#ending.abort()
    await this.#following
  }

  async #follow(events: AsyncIterable<Event>): Promise<void> {
    try {
      for await (const event of events) {
        this.seen.push(event)
      }
    } catch (error) {
      if (!this.#ending.signal.aborted) {
        throw error
      }
    }
  }
}
