import type { Exit, Handle } from '../runtimes/contract.ts'
import type { DaemonContext } from './context.ts'

/**
 * What is put down of a guest, and told to who waits for it. All of it can be found out again, but
 * for what was asked of us.
 */
export class GuestRecords {
  readonly #context: DaemonContext

  constructor(context: DaemonContext) {
    this.#context = context
  }

  /** It is up. The first time, it has started. */
  up(id: string, handle: Handle): void {
    const { store, now } = this.#context
    const row = store.guests.get(id)
    if (!row) {
      return
    }
    store.transaction('relaxed', () => {
      store.guests.setHandle(id, JSON.stringify(handle))
      if (row.handle === null) {
        const { agent, dir, runtime, expires_at: expiresAt } = row
        const data = { id, dir, runtime, expiresAt }
        store.events.append({ type: 'guest.started', agent, data }, now())
      }
    })
    this.#tell(id)
  }

  unknown(id: string): void {
    const { store } = this.#context
    store.transaction('relaxed', () => store.guests.setUnknown(id))
    this.#tell(id)
  }

  /** They are to end; the first cause stays. `durable` for what was asked of us. */
  ending(ids: readonly string[], cause: string, durability: 'durable' | 'relaxed'): void {
    const { store } = this.#context
    store.transaction(durability, () => ids.forEach((id) => store.guests.setEnding(id, cause)))
    ids.forEach((id) => this.#tell(id))
  }

  /** It is gone. */
  ended(id: string, exit: Exit | null): void {
    const { store, now } = this.#context
    const row = store.guests.get(id)
    if (!row) {
      return
    }
    store.transaction('relaxed', () => {
      store.guests.delete(id)
      const data = {
        id,
        cause: row.end_cause,
        exitCode: exit?.code ?? null,
        signal: exit?.signal ?? null,
      }
      store.events.append({ type: 'guest.ended', agent: row.agent, data }, now())
    })
    this.#tell(id)
  }

  #tell(id: string): void {
    this.#context.notifier.notify(`guest:${id}`)
  }
}
