import { formatSpan } from '../util/span.ts'
import { formatClock } from './relative-time.ts'

/** How long until a time, and from a minute on when that is: `now`, `in 14 s`, `in 57 min (14:05)`. Unix ms. */
export function formatWhen(at: number, now: number): string {
  const leftMs = at - now
  if (leftMs < 500) {
    return 'now'
  }
  const clock = leftMs < 60_000 ? '' : ` (${formatMoment(at, now)})`
  return `in ${formatSpan(leftMs)}${clock}`
}

/** The local time of day, with the day where that is not today: `14:05`, `2026-11-22 14:05`. Unix ms. */
export function formatMoment(at: number, now: number): string {
  const clock = formatClock(at).slice(0, 5)
  const isToday = new Date(at).toDateString() === new Date(now).toDateString()
  return isToday ? clock : `${new Date(at).toLocaleDateString('en-CA')} ${clock}`
}
