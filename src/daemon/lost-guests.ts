import { readdir, rm } from 'node:fs/promises'
import { lostGuestDueAt } from '../core/guest-plan.ts'
import { timeOfId } from '../util/id.ts'
import { Alarms } from './alarms.ts'
import {
  callSignal,
  getRuntime,
  guestReference,
  isGuestId,
  workDeadlineMs,
  type DaemonContext,
} from './context.ts'
import { findOrphans, type Orphan, type OrphanSearch } from './orphans.ts'

/** After a runtime could not be asked it is looked again after this long, ms. */
const lookAgainMs = 60_000

/**
 * Guests without a record, as after a backup of the database was restored. Somebody may be at one,
 * so it is not ended as an orphan of a run is: it has the longest time that a guest can have. What
 * could not be listed is not taken for gone.
 */
export class LostGuests {
  readonly #context: DaemonContext
  readonly #alarms: Alarms
  /** When each was seen first, Unix ms. */
  readonly #seen = new Map<string, number>()

  constructor(context: DaemonContext) {
    this.#context = context
    this.#alarms = new Alarms(() => void this.#lookAgain(), context.now)
  }

  /** Ends those whose time is over; the others, and those that could not be ended, later. Never rejects. */
  async sweep({ guests, unasked }: OrphanSearch): Promise<void> {
    const { store, now } = this.#context
    const marks = Map.groupBy(guests, ({ run }) => run)
    const ids = new Set([...marks.keys(), ...(await this.#listFolders())])
    let next = unasked.length > 0 ? now() + lookAgainMs : Infinity
    for (const id of ids) {
      if (store.guests.get(id)) {
        continue
      }
      const seenAt = this.#seen.get(id) ?? now()
      this.#seen.set(id, seenAt)
      const dueAt = lostGuestDueAt({ createdAt: timeOfId(id), seenAt })
      const found = marks.get(id)
      if (dueAt > now()) {
        next = Math.min(next, dueAt)
      } else if (found || unasked.length === 0) {
        const isGone = await this.#release(id, found ?? [])
        next = isGone ? next : Math.min(next, now() + lookAgainMs)
      }
    }
    this.#alarms.set('lost', next === Infinity ? null : next)
  }

  checkClock(settle: () => void): void {
    this.#alarms.checkClock(settle)
  }

  close(): void {
    this.#alarms.close()
  }

  async #lookAgain(): Promise<void> {
    await this.sweep(await findOrphans(this.#context))
  }

  async #listFolders(): Promise<string[]> {
    const names = await readdir(this.#context.home.guestsFolder).catch(() => [])
    return names.filter((name) => isGuestId(name))
  }

  /** Resolves to whether it is gone. */
  async #release(id: string, found: readonly Orphan[]): Promise<boolean> {
    const { store, log, now, signal: ending } = this.#context
    const run = guestReference(this.#context, id)
    log.warn({ guest: id, what: found.map(({ what }) => what) }, 'ending a guest without a record')
    try {
      for (const runtime of new Set(found.map((each) => each.runtime))) {
        const signal = callSignal(this.#context, workDeadlineMs)
        await getRuntime(this.#context, runtime).destroy(run, null, signal)
      }
      await rm(run.folder, { recursive: true, force: true })
      const data = { id, cause: 'its record was lost', exitCode: null, signal: null }
      store.transaction('relaxed', () => store.events.append({ type: 'guest.ended', data }, now()))
      this.#seen.delete(id)
      return true
    } catch (error) {
      if (!ending.aborted) {
        log.error({ err: error, guest: id }, 'a guest without a record could not be ended')
      }
      return false
    }
  }
}
