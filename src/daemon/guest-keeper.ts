import { watch, type FSWatcher } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { guestEnds, nextGuestStep, type GuestView } from '../core/guest-plan.ts'
import type { Launch, Runtime } from '../runtimes/contract.ts'
import { readExit } from '../runtimes/run-folder.ts'
import { DroverError } from '../schema/error.ts'
import type { GuestRow } from '../store/index.ts'
import { abortable } from '../util/abortable.ts'
import { Alarms } from './alarms.ts'
import { askGuest, inspectGuest } from './ask-guest.ts'
import { callSignal, guestReference, type DaemonContext } from './context.ts'
import { endGuest } from './end-guest.ts'
import { faultPoint } from './fault-point.ts'
import { GuestOutput } from './guest-output.ts'
import { GuestRecords } from './guest-records.ts'
import { LostGuests } from './lost-guests.ts'
import type { OrphanSearch } from './orphans.ts'

/** How long a guest may take to come up, ms. */
const startMs = 60_000

/** How long the end of the daemon waits for what is under way, ms. */
const closeMs = 3000

/** What failed, or can't be asked, is tried again after this long, ms. */
const retryMs = 5000

/**
 * Looks after terminals beside agents, from the row that says they are to be to the end of their
 * time. One guest's steps come one after the other; guests go side by side. What is done to a guest
 * follows from its row and from what its runtime says of it alone, so the next daemon goes on.
 */
export class GuestKeeper {
  readonly #context: DaemonContext
  readonly #records: GuestRecords
  readonly #output: GuestOutput
  readonly #lost: LostGuests
  readonly #alarms: Alarms
  readonly #busy = new Map<string, Promise<void>>()
  /** Something came up while a step was under way. */
  readonly #again = new Set<string>()
  /** What their runtimes say of them is to be found out. */
  readonly #doubted = new Set<string>()
  readonly #watches = new Map<string, FSWatcher>()
  #isClosed = false

  constructor(context: DaemonContext) {
    this.#context = context
    this.#records = new GuestRecords(context)
    this.#output = new GuestOutput(context)
    this.#lost = new LostGuests(context)
    this.#alarms = new Alarms((id) => this.kick(id), context.now)
  }

  /** Brings a guest up whose row is there; one that does not come up ends. Errors: `start_failed`, and others of the runtime. */
  async start(runtime: Runtime, launch: Launch): Promise<void> {
    const { id } = launch.run
    this.#again.add(id)
    const work = this.#bringUp(runtime, launch)
    this.#hold(id, work)
    await work
  }

  /**
   * After a start, and whenever all is looked at anew: finds each, and ends those without a record by
   * their age. Resolves once the latter are ended.
   */
  async recover(search: OrphanSearch): Promise<void> {
    for (const { id } of this.#context.store.guests.list()) {
      this.#doubt(id)
    }
    await this.#lost.sweep(search)
  }

  /** Something about it may be to do. */
  kick(id: string): void {
    if (this.#busy.has(id)) {
      this.#again.add(id)
    } else if (!this.#isClosed) {
      this.#hold(id, this.#settle(id))
    }
  }

  /** They are to end. What ends for another reason does so. */
  end(ids: readonly string[], cause: string): void {
    this.#records.ending(ids, cause, 'durable')
    ids.forEach((id) => this.kick(id))
  }

  /** Ends those of an agent that goes. Rejects where one could not be ended; it is tried again. */
  async endOfAgent(agentId: string): Promise<void> {
    const { store } = this.#context
    const ids = store.guests.listOfAgent(agentId).map(({ id }) => id)
    if (ids.length > 0) {
      this.end(ids, guestEnds.removed)
      await Promise.all(ids.map(async (id) => await this.#rested(id)))
    }
    const [left] = store.guests.listOfAgent(agentId)
    if (left) {
      throw new Error(`Guest ${left.id} could not be ended.`)
    }
  }

  /** Finds what leaves no record, and times that a clock that was set has brought near; keeps what they say within bounds. */
  async look(): Promise<void> {
    const { store, now, config } = this.#context
    const settle = (): void => store.settleClock(now(), config.restart.backoffMostMs)
    this.#lost.checkClock(settle)
    this.#alarms.checkClock(settle)
    const rows = store.guests.list().filter(({ id }) => !this.#busy.has(id))
    await Promise.all(
      rows.map(async (row) => {
        if ((await inspectGuest(this.#context, row)) !== 'alive') {
          this.#doubt(row.id)
        }
        await this.#output.keepBounds(row.id)
      }),
    )
  }

  /** Lets go of them; they go on. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#alarms.close()
    this.#lost.close()
    await Promise.race([Promise.all(this.#busy.values()), sleep(closeMs, null, { ref: false })])
    this.#watches.forEach((each) => each.close())
    this.#watches.clear()
  }

  #doubt(id: string): void {
    this.#doubted.add(id)
    this.kick(id)
  }

  /** Nothing else is done to it until this is over. */
  #hold(id: string, work: Promise<void>): void {
    const held = work
      .catch((error: unknown) => {
        if (!this.#isClosed) {
          this.#context.log.error({ err: error, guest: id }, 'a step of a guest failed')
          this.#alarms.set(id, this.#context.now() + retryMs)
        }
      })
      .finally(() => {
        this.#busy.delete(id)
        if (this.#again.delete(id)) {
          this.kick(id)
        }
      })
    this.#busy.set(id, held)
  }

  async #rested(id: string): Promise<void> {
    while (this.#busy.has(id)) {
      await this.#busy.get(id)
    }
  }

  async #bringUp(runtime: Runtime, launch: Launch): Promise<void> {
    const { id, folder } = launch.run
    const signal = callSignal(this.#context, startMs)
    try {
      this.#context.folders.create(folder)
      const handle = await abortable(runtime.start(launch, signal), signal)
      faultPoint('guest-started')
      this.#records.up(id, handle)
      faultPoint('guest-noted')
    } catch (error) {
      const late = `it was not up within ${startMs / 1000} s`
      const cause = signal.aborted ? late : error instanceof Error ? error.message : String(error)
      // One that came up all the same is found and ended. When the daemon ends, the next one finds it.
      if (!this.#isClosed) {
        this.#records.ending([id], cause, 'relaxed')
      }
      throw error instanceof DroverError
        ? error
        : new DroverError('start_failed', `The guest did not come up: ${cause}.`, { cause: error })
    }
  }

  /** Takes its steps until nothing is to do. */
  async #settle(id: string): Promise<void> {
    const { store, now } = this.#context
    for (;;) {
      const row = store.guests.get(id)
      if (!row || this.#isClosed) {
        return this.#forget(id)
      }
      const step = nextGuestStep(this.#view(row), now())
      if (step === 'rest' && this.#rest(row)) {
        return
      }
      if (step === 'expire') {
        this.#records.ending([id], guestEnds.expired, 'relaxed')
      } else if (step === 'end' || step === 'find') {
        const isAnswered = await (step === 'end' ? this.#end(row) : this.#find(row))
        if (!isAnswered) {
          const atMost = step === 'end' ? Infinity : row.expires_at
          return this.#alarms.set(id, Math.min(now() + retryMs, atMost))
        }
      }
    }
  }

  #view(row: GuestRow): GuestView {
    return {
      hasHandle: row.handle !== null,
      isUnknown: row.is_unknown === 1,
      isDoubted: this.#doubted.has(row.id),
      hasExited: readExit(guestReference(this.#context, row.id).folder) !== null,
      isEnding: row.end_cause !== null,
      expiresAt: row.expires_at,
    }
  }

  /** Waits for its time and its end. False: it was not watched until now, so a look is to come yet. */
  #rest({ id, expires_at: expiresAt }: GuestRow): boolean {
    this.#alarms.set(id, expiresAt)
    if (this.#watches.has(id)) {
      return true
    }
    try {
      const { folder } = guestReference(this.#context, id)
      const watcher = watch(folder, (_, file) => file === 'exit' && this.kick(id))
      watcher.on('error', () => this.#endWatch(id))
      this.#watches.set(id, watcher)
      return false
    } catch (error) {
      // Its end is seen when all are looked at.
      this.#context.log.debug({ err: error, guest: id }, 'a guest can not be watched')
      return true
    }
  }

  /** Takes down what its runtime says of it. Resolves to whether it says anything. */
  async #find(row: GuestRow): Promise<boolean> {
    const found = await askGuest(this.#context, row)
    if (this.#isClosed) {
      return false
    }
    this.#doubted.delete(row.id)
    switch (found.state) {
      case 'running':
      case 'suspended':
        this.#records.up(row.id, found.handle)
        return true
      case 'exited':
        this.#records.ending([row.id], guestEnds.exited, 'relaxed')
        return true
      case 'lost':
        this.#records.ending([row.id], found.cause, 'relaxed')
        return true
      case 'unknown':
        this.#records.unknown(row.id)
        return false
    }
  }

  /** Resolves to whether it is gone. */
  async #end(row: GuestRow): Promise<boolean> {
    const found = await askGuest(this.#context, row)
    if (this.#isClosed) {
      return false
    }
    if (found.state === 'unknown') {
      this.#records.unknown(row.id)
      return false
    }
    this.#endWatch(row.id)
    this.#records.ended(row.id, await endGuest(this.#context, row, found))
    faultPoint('guest-ended')
    return true
  }

  #forget(id: string): void {
    this.#alarms.set(id, null)
    this.#doubted.delete(id)
    this.#output.forget(id)
    this.#endWatch(id)
  }

  #endWatch(id: string): void {
    this.#watches.get(id)?.close()
    this.#watches.delete(id)
  }
}
