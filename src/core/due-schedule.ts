import type { MissedPolicy } from '../schema/schedule.ts'
import type { CronTimes } from './cron-times.ts'

/** All that decisions about one schedule are made from. Times are Unix ms. */
export interface ScheduleView {
  /** The time that is to come; null when there is none, or while it is paused. */
  nextAt: number | null
  /** The latest time that was fired; none before it, nor itself, is fired again. */
  lastAt: number | null
  missed: MissedPolicy
}

/** Times that nobody was there for. */
export interface MissedTimes {
  /** How many; `mostCounted` means that many or more. */
  count: number
  /** The latest of them. */
  until: number
}

/** What to do about a time that has come; `next` is what the schedule then waits for. */
export type DueStep =
  | { do: 'fire'; at: number; missed: number; next: number | null }
  | { do: 'pass-over'; missed: MissedTimes; next: number | null }

/** A time is missed when it is late by this, ms. What is less late is fired as if it were on time. */
export const graceMs = 60_000

/** Further than this nobody counts: a second's schedule would take minutes for a month. */
export const mostCounted = 1000

/**
 * What to do now, or null when nothing is due. Asked again after each step, so that every time
 * within the grace is fired by itself.
 *
 * Invariants: nothing is fired before its time; what is fired is later than all that was fired
 * before; under `skip` nothing is fired that is missed.
 */
export function dueStep(view: ScheduleView, times: CronTimes, now: number): DueStep | null {
  const { nextAt } = view
  if (nextAt === null || now < nextAt) {
    return null
  }
  if (now - nextAt < graceMs) {
    return { do: 'fire', at: nextAt, missed: 0, next: times.next(nextAt) }
  }
  // A new table of time zones may have moved the times away from the one that was waited for.
  const until = Math.max(times.latest(now - graceMs) ?? nextAt, nextAt)
  const count = countTimes(times, nextAt, until)
  const next = times.next(until)
  return view.missed === 'once'
    ? { do: 'fire', at: until, missed: count, next }
    : { do: 'pass-over', missed: { count, until }, next }
}

/**
 * The time to wait for when the clock may have been set: the first one that is neither past nor
 * fired. After a jump back that is earlier than what was waited for; without this a schedule would
 * be silent until the clock is there again. A time that is due stays: `dueStep` decides on it.
 */
export function replan(view: ScheduleView, times: CronTimes, now: number): number | null {
  if (view.nextAt === null || view.nextAt <= now) {
    return view.nextAt
  }
  return times.next(Math.max(now, view.lastAt ?? now))
}

function countTimes(times: CronTimes, from: number, until: number): number {
  let count = 1
  for (let at = times.next(from); at !== null && at <= until; at = times.next(at)) {
    if (++count >= mostCounted) {
      break
    }
  }
  return count
}

/** The id of a fire: of its message, or of the request for its agent. The same time has the same id. */
export function fireId(scheduleId: string, at: number): string {
  return `schedule:${scheduleId}:${new Date(at).toISOString().replace('.000Z', 'Z')}`
}

/** The next times of a schedule, the one that is to come first. */
export function nextTimes(nextAt: number | null, times: CronTimes, count: number): number[] {
  const list: number[] = []
  for (let at = nextAt; at !== null && list.length < count; at = times.next(at)) {
    list.push(at)
  }
  return list
}
