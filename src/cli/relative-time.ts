const units = [
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'm', ms: 60_000 },
  { name: 's', ms: 1000 },
] as const

/** A length of time in its largest whole unit: `3m`, `2h`; under a second `0s`. */
export function formatDuration(durationMs: number): string {
  const unit = units.find(({ ms }) => durationMs >= ms) ?? units[3]
  return `${Math.floor(Math.max(durationMs, 0) / unit.ms)}${unit.name}`
}

/** A length of time without loss, in the largest unit that divides it: `90m`, `500ms`. */
export function formatExactDuration(durationMs: number): string {
  const unit = units.find(({ ms }) => durationMs % ms === 0)
  return unit && durationMs > 0 ? `${durationMs / unit.ms}${unit.name}` : `${durationMs}ms`
}

/** How long ago a time is: `now` under 5 s (and when clocks differ), `3m ago`. Unix ms. */
export function formatRelativeTime(at: number, now: number): string {
  return now - at < 5000 ? 'now' : `${formatDuration(now - at)} ago`
}

/** How long it is until a time: `now` under a second and for what is past, `in 3m`. Unix ms. */
export function formatTimeUntil(at: number, now: number): string {
  return at - now < 1000 ? 'now' : `in ${formatDuration(at - now)}`
}

/** A time as the clocks of a time zone show it: `Sat 2026-11-21 09:00:00 GMT+1`. Unix ms. */
export function formatZonedTime(at: number, timeZone?: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  }).formatToParts(at)
  const part = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((each) => each.type === type)?.value ?? ''
  const date = ['year', 'month', 'day'] as const
  const time = ['hour', 'minute', 'second'] as const
  return [
    part('weekday'),
    date.map((type) => part(type)).join('-'),
    time.map((type) => part(type)).join(':'),
    part('timeZoneName'),
  ].join(' ')
}

/** Local time of day: `14:02:11`. */
export function formatClock(at: number): string {
  const date = new Date(at)
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':')
}
