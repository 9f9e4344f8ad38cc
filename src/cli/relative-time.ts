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

/** Local time of day: `14:02:11`. */
export function formatClock(at: number): string {
  const date = new Date(at)
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':')
}
