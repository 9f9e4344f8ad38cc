import { Cron } from 'croner'
import { DroverError } from '../schema/error.ts'

/** The times of one cron line in one time zone, Unix ms, whole seconds. */
export interface CronTimes {
  /** The first time after this one; null when there is none any more. */
  next(after: number): number | null
  /** The latest time that is not after this one; null when there is none. */
  latest(until: number): number | null
}

/**
 * Reads a cron line: the fields of crontab, optionally with seconds before them. The only file that
 * knows Croner. Nothing of it is kept for long: one pattern takes 80 kB and 60 µs.
 *
 * Where the clock is set forward, a time of day that is left out comes right after the gap; where it
 * is set back, one that comes twice counts once. Lines with `*` or a step in second, minute or hour
 * go on by the real time instead. Source: crontab(5) of Vixie cron, "daylight saving time".
 *
 * Errors: `invalid_schedule`, naming `cron` or `timeZone`.
 */
export function readCron(line: string, timeZone: string): CronTimes {
  const pattern = normaliseCron(line)
  checkTimeZone(timeZone)
  let cron: Cron
  try {
    cron = new Cron(pattern, {
      timezone: timeZone,
      mode: '5-or-6-parts',
      fixedTimeRule: 'no-wildcard',
    })
  } catch (error) {
    throw invalid('cron', `${JSON.stringify(pattern)} is no cron line: ${reasonOf(error)}`, error)
  }
  return {
    next: (after) => cron.nextRun(new Date(after))?.getTime() ?? null,
    // The search leaves out the very millisecond that it begins with.
    latest: (until) => cron.previousRuns(1, new Date(until + 1))[0]?.getTime() ?? null,
  }
}

/** The line with one space between its fields. Errors: `invalid_schedule`. */
export function normaliseCron(line: string): string {
  const fields = line.split(/\s+/).filter((field) => field !== '')
  if (fields.length !== 5 && fields.length !== 6) {
    const count = fields.length === 1 ? '1 field' : `${fields.length} fields`
    throw invalid(
      'cron',
      `${JSON.stringify(line)} has ${count}; a cron line has 5, or 6 with the second first`,
    )
  }
  return fields.join(' ')
}

function checkTimeZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone }).format(0)
  } catch (error) {
    throw invalid(
      'timeZone',
      `there is no time zone ${JSON.stringify(timeZone)}; a name is like "Europe/Berlin" or "UTC"`,
      error,
    )
  }
}

/** What each field may hold. Source: crontab(5). */
const ranges: Readonly<Record<string, string>> = {
  second: 'the second goes from 0 to 59',
  minute: 'the minute goes from 0 to 59',
  hour: 'the hour goes from 0 to 23',
  day: 'the day goes from 1 to 31',
  month: 'the month goes from 1 to 12',
  dayOfWeek: 'the weekday goes from 0 to 7',
}

/** Croner's sentence without the name of its class. It counts days and months from 0, so ranges are said by us. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  const field = /Invalid value for (\w+)/.exec(text)?.[1]
  return ranges[field ?? ''] ?? text.replace(/^CronPattern: /, '').replace(/\.$/, '')
}

function invalid(field: string, problem: string, cause?: unknown): DroverError {
  return new DroverError('invalid_schedule', `${field}: ${problem}.`, { details: { field }, cause })
}
