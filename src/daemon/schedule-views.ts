import type { CronTimes } from '../core/cron-times.ts'
import { nextTimes, type ScheduleView } from '../core/due-schedule.ts'
import { ScheduleRun, type Schedule, type ScheduleOutcome } from '../schema/schedule.ts'
import type { ScheduleListRow } from '../store/index.ts'

/** How many times to come are shown. */
const shownTimes = 5

/** What decisions about a schedule are made from. */
export function toScheduleView(row: ScheduleListRow): ScheduleView {
  return { nextAt: row.next_at, lastAt: row.last_at, missed: row.missed }
}

/** Without times there are none to come. */
export function toSchedule(row: ScheduleListRow, times: CronTimes | null): Schedule {
  return {
    id: row.id,
    name: row.name,
    cron: row.cron,
    timeZone: row.time_zone,
    missed: row.missed,
    body: row.body,
    agent: row.agent,
    run: row.run === null ? null : readScheduleRun(row.run),
    isPaused: row.is_paused === 1,
    next: times ? nextTimes(row.next_at, times, shownTimes) : [],
    lastAt: row.last_at,
    lastOutcome: row.last_outcome ? (JSON.parse(row.last_outcome) as ScheduleOutcome) : null,
    createdAt: row.created_at,
  }
}

/** As stored, with what a newer Drover adds to it. */
export function readScheduleRun(json: string): ScheduleRun {
  return ScheduleRun.parse(JSON.parse(json))
}
