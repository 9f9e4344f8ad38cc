import { setImmediate } from 'node:timers/promises'
import { replan } from '../core/due-schedule.ts'
import { takeDueStep, type ScheduleParts } from './take-due-step.ts'
import { loadCron } from './load-cron.ts'
import { toScheduleView } from './schedule-views.ts'

/**
 * While a schedule waits, the clock is looked at again after this at the latest, ms. Timers count
 * the time that the machine was awake; schedules go by the clock on the wall, which may be set, and
 * which goes on while the machine sleeps. Nobody is told of either, so this is asked for: it is one
 * look into an index, and far below the grace, so that a jump alone makes no time a missed one. It
 * is also far below 2^31 ms, the most that a timer can wait.
 */
const lookAgainMs = 15_000

/** A clock that went back by more than this between two looks was set, ms. Less is a correction. */
const setBackMs = 1000

/**
 * Fires schedules when their times come. What a fire stores, the advance of its schedule and the
 * event of it are one transaction, so a time that was fired is never due again, and one that was
 * not still is. One schedule's times come one after the other; schedules go side by side.
 */
export class ScheduleRunner {
  readonly #parts: ScheduleParts
  readonly #busy = new Map<string, Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #isAskedAgain = false
  /** When it was looked last, Unix ms. */
  #lookedAt = 0
  /** By how much the clock on the wall was ahead of the timers' clock then, ms. */
  #leadMs = Infinity
  #isClosed = false

  constructor(parts: ScheduleParts) {
    this.#parts = parts
  }

  /** Fires what is due, and waits for what comes next. Called at the start, and when a schedule was changed. */
  look(): void {
    if (this.#looking) {
      this.#isAskedAgain = true
    } else if (!this.#isClosed) {
      this.#looking = this.#lookAndWait()
    }
  }

  /** Begins nothing more. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  /** Resolves when no fire is under way. */
  async ended(): Promise<void> {
    while (this.#looking || this.#busy.size > 0) {
      await this.#looking
      await Promise.all(this.#busy.values())
    }
  }

  async #lookAndWait(): Promise<void> {
    do {
      this.#isAskedAgain = false
      try {
        await this.#look()
      } catch (error) {
        this.#parts.context.log.error({ err: error }, 'looking after schedules failed')
      }
    } while (this.#isAskedAgain && !this.#isClosed)
    this.#looking = undefined
    this.#arm()
  }

  async #look(): Promise<void> {
    const { store, now } = this.#parts.context
    if (!store.schedules.isAnyWaiting()) {
      return
    }
    this.#lookedAt = now()
    const leadMs = this.#lookedAt - performance.now()
    // The first look counts as one after a jump: who knows what the clock did before.
    if (leadMs < this.#leadMs - setBackMs) {
      await this.#replanAll()
    }
    this.#leadMs = leadMs
    for (const id of store.schedules.listDue(this.#lookedAt)) {
      if (!this.#busy.has(id) && !this.#isClosed) {
        this.#busy.set(id, this.#catchUp(id))
        // A thousand schedules of one minute must not hold up everything else.
        await setImmediate()
      }
    }
  }

  /** What is under way looks again by itself when it is done; what could not be stored waits for the next look. */
  #arm(): void {
    clearTimeout(this.#timer)
    const delayMs = this.#isClosed ? null : this.#untilNextLook()
    if (delayMs !== null) {
      this.#timer = setTimeout(() => this.look(), Math.max(delayMs, 1))
      this.#timer.unref()
    }
  }

  /** Null when nothing waits. */
  #untilNextLook(): number | null {
    const { store, now, log } = this.#parts.context
    try {
      if (!store.schedules.isAnyWaiting()) {
        return null
      }
      const next = store.schedules.firstAfter(this.#lookedAt)
      return next === null ? lookAgainMs : Math.min(next - now(), lookAgainMs)
    } catch (error) {
      log.error({ err: error }, 'the next time of a schedule is not known; looking again')
      return lookAgainMs
    }
  }

  async #replanAll(): Promise<void> {
    const { store, now, log } = this.#parts.context
    const { readCron } = await loadCron()
    for (const id of store.schedules.listWaiting()) {
      const row = this.#busy.has(id) ? undefined : store.schedules.get(id)
      if (row) {
        try {
          const next = replan(toScheduleView(row), readCron(row.cron, row.time_zone), now())
          if (next !== row.next_at) {
            store.transaction('relaxed', () => store.schedules.setNext(id, next))
          }
        } catch (error) {
          log.error({ err: error, schedule: id }, 'a schedule could not be planned again')
        }
        await setImmediate()
      }
    }
  }

  /** Takes a schedule's steps until nothing of it is due. Never rejects. */
  async #catchUp(id: string): Promise<void> {
    const { store, log, now } = this.#parts.context
    try {
      const { readCron } = await loadCron()
      while (!this.#isClosed) {
        const row = store.schedules.get(id)
        if (!row || row.next_at === null || row.next_at > now()) {
          break
        }
        await takeDueStep(this.#parts, row, readCron)
        await setImmediate()
      }
      this.#busy.delete(id)
      this.look()
    } catch (error) {
      this.#busy.delete(id)
      log.error({ err: error, schedule: id }, 'a schedule could not go on; trying again')
    }
  }
}
