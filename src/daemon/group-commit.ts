import { DroverError } from '../schema/error.ts'
import type { Store } from '../store/index.ts'

/** Most requests in one transaction: others have their turn between two. */
const mostTogether = 100

interface Waiting {
  work: () => unknown
  begin: (value: unknown) => void
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/**
 * Requests that came in together share one transaction and one wait for the disk. One that is alone
 * is committed at once: all that can be read has been read by then.
 */
export class GroupCommit {
  readonly #store: Pick<Store, 'transaction' | 'sync'>
  #waiting: Waiting[] = []

  constructor(store: Pick<Store, 'transaction' | 'sync'>) {
    this.#store = store
  }

  /**
   * Resolves to what the work gave once it is on disk, also after power loss. `begin` is called as
   * soon as it survives the death of the daemon: what it sets going does not wait for the disk, and
   * would not survive the loss of power either. A DroverError is the work's own and must come before
   * it writes; after any other the group is undone, and each is tried alone.
   */
  async run<T>(work: () => T, begin: (value: T) => void): Promise<T> {
    const value = await new Promise<T>((resolve, reject) => {
      if (this.#waiting.length === 0) {
        setImmediate(() => this.#commit())
      }
      this.#waiting.push({
        work,
        begin: (result) => begin(result as T),
        resolve: (result) => resolve(result as T),
        reject,
      })
    })
    await this.#store.sync()
    return value
  }

  #commit(): void {
    const group = this.#waiting.splice(0, mostTogether)
    if (this.#waiting.length > 0) {
      setImmediate(() => this.#commit())
    }
    let settle: (() => void)[]
    try {
      settle = this.#store.transaction('relaxed', () => group.map(attempt))
    } catch (error) {
      settle =
        group.length === 1
          ? group.map(
              ({ reject }) =>
                () =>
                  reject(error),
            )
          : group.map((waiting) => () => this.#commitAlone(waiting))
    }
    for (const each of settle) {
      each()
    }
  }

  #commitAlone(waiting: Waiting): void {
    try {
      this.#store.transaction('relaxed', () => attempt(waiting))()
    } catch (error) {
      waiting.reject(error)
    }
  }
}

/** What follows once the transaction is committed. */
function attempt({ work, begin, resolve, reject }: Waiting): () => void {
  try {
    const value = work()
    return () => {
      resolve(value)
      begin(value)
    }
  } catch (error) {
    if (error instanceof DroverError) {
      return () => reject(error)
    }
    throw error
  }
}
