import { DroverError } from '../schema/error.ts'
import type { Store } from '../store/index.ts'

/** Most requests in one transaction: others have their turn between two. */
const mostTogether = 100

interface Waiting {
  work: () => unknown
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/**
 * Requests that came in together share one durable transaction, so that many wait for the disk once.
 * One that is alone is committed at once: all that can be read has been read by then.
 */
export class GroupCommit {
  readonly #store: Store
  #waiting: Waiting[] = []

  constructor(store: Store) {
    this.#store = store
  }

  /**
   * Resolves to what the work gave once it is on disk. A DroverError is the work's own and must come
   * before it writes; after any other the group is undone, and each is tried alone.
   */
  async run<T>(work: () => T): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      if (this.#waiting.length === 0) {
        setImmediate(() => this.#commit())
      }
      this.#waiting.push({ work, resolve: (value) => resolve(value as T), reject })
    })
  }

  #commit(): void {
    const group = this.#waiting.splice(0, mostTogether)
    if (this.#waiting.length > 0) {
      setImmediate(() => this.#commit())
    }
    try {
      const answers = this.#store.transaction('durable', () => group.map(attempt))
      for (const answer of answers) {
        answer()
      }
    } catch (error) {
      if (group.length === 1) {
        return group[0]?.reject(error)
      }
      for (const waiting of group) {
        this.#commitAlone(waiting)
      }
    }
  }

  #commitAlone(waiting: Waiting): void {
    try {
      this.#store.transaction('durable', () => attempt(waiting))()
    } catch (error) {
      waiting.reject(error)
    }
  }
}

/** What to say once the transaction is committed. */
function attempt({ work, resolve, reject }: Waiting): () => void {
  try {
    const value = work()
    return () => resolve(value)
  } catch (error) {
    if (error instanceof DroverError) {
      return () => reject(error)
    }
    throw error
  }
}
