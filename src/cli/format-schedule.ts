import type { Schedule } from '../schema/schedule.ts'
import type { Colors } from './colors.ts'
import { formatFields } from './fields.ts'
import type { Output } from './output.ts'
import { oneLine, plainText } from './plain-text.ts'
import { formatRelativeTime, formatTimeUntil, formatZonedTime } from './relative-time.ts'
import { formatTable, type Column } from './table.ts'

/** One schedule on one line, after a verb. */
export function formatScheduleLine(schedule: Schedule, colors: Colors, now: number): string {
  const [next] = schedule.next
  const when = next === undefined ? '' : colors.dim(`  ${fullTime(next, schedule.timeZone)}`)
  return `${colors.bold(schedule.name)}  ${nextText(schedule, now)}${when}`
}

export function formatScheduleTable(
  schedules: readonly Schedule[],
  { colors, width }: Pick<Output, 'colors' | 'width'>,
  now: number,
): string[] {
  const columns: Column<Schedule>[] = [
    { title: 'NAME', cell: ({ name }) => name, paint: colors.bold },
    { title: 'CRON', cell: ({ cron }) => cron },
    { title: 'ZONE', cell: ({ timeZone }) => timeZone, paint: colors.dim, shrinkTo: 8 },
    { title: 'TO', cell: targetText },
    { title: 'NEXT', cell: (schedule) => nextText(schedule, now) },
    {
      title: 'LAST',
      cell: (schedule) => lastText(schedule, now),
      paint: (text, { lastOutcome }) =>
        lastOutcome?.state === 'failed' ? colors.red(text) : colors.dim(text),
      shrinkTo: 12,
    },
  ]
  return formatTable(columns, schedules, { width, paintTitle: colors.dim })
}

export function formatScheduleDetail(schedule: Schedule, output: Output, now: number): string[] {
  const { lastOutcome, run } = schedule
  return [
    formatScheduleLine(schedule, output.colors, now),
    '',
    ...formatFields(
      [
        ['cron', schedule.cron],
        ['zone', schedule.timeZone],
        ['to', targetText(schedule)],
        ['dir', run?.dir ?? null],
        ['model', run?.model ? oneLine(run.model) : null],
        ['program', run && run.program.length > 0 ? JSON.stringify(run.program) : null],
        ['text', plainText(schedule.body).trim()],
        ['missed', schedule.missed],
        ['last', lastText(schedule, now) || null],
        ['message', lastOutcome?.message ?? null],
        ['agent', lastOutcome?.agent ?? null],
        ['made', formatRelativeTime(schedule.createdAt, now)],
      ],
      output,
    ),
    ...formatNextTimes(schedule, output, now),
  ]
}

/** The next times by the clocks of its zone, and by the clock on this wall where that is another. */
function formatNextTimes(
  { next, timeZone }: Schedule,
  { colors, width }: Output,
  now: number,
): string[] {
  if (next.length === 0) {
    return []
  }
  const here = new Intl.DateTimeFormat().resolvedOptions().timeZone
  const columns: Column<number>[] = [
    { title: timeZone, cell: (at) => formatZonedTime(at, timeZone) },
    {
      title: `here, ${here}`,
      cell: (at) => (here === timeZone ? '' : formatZonedTime(at)),
    },
    { title: '', cell: (at) => formatTimeUntil(at, now), paint: colors.dim },
  ]
  return [
    '',
    colors.dim('Next times'),
    ...formatTable(columns, next, { width: width - 2, paintTitle: colors.dim }).map(
      (line) => `  ${line}`,
    ),
  ]
}

/** `agent guide`, or `new hello`. */
function targetText({ agent, run }: Schedule): string {
  return run ? `new ${run.template}` : (agent ?? '')
}

function nextText({ isPaused, next }: Schedule, now: number): string {
  const [first] = next
  return isPaused ? 'paused' : first === undefined ? 'never' : formatTimeUntil(first, now)
}

/** What became of the latest time: `fired 3m ago`, `failed 3m ago: …`, `missed 4 until 3m ago`. */
function lastText({ lastOutcome }: Schedule, now: number): string {
  if (!lastOutcome) {
    return ''
  }
  const { state, at, cause, missed } = lastOutcome
  const when = formatRelativeTime(at, now)
  if (state === 'missed') {
    return `missed ${missed}, the latest ${when}`
  }
  const many = missed > 1 ? `, for ${missed} missed` : ''
  return `${state} ${when}${many}${cause ? `: ${oneLine(cause)}` : ''}`
}

/** With the zone's name, where the short one does not say it all. */
function fullTime(at: number, timeZone: string): string {
  const text = formatZonedTime(at, timeZone)
  return text.endsWith(` ${timeZone}`) ? text : `${text}, ${timeZone}`
}
