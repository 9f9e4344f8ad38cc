const units = [
  { name: 's', ms: 1000 },
  { name: 'min', ms: 60_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'd', ms: 86_400_000 },
] as const

/** A length of time for people, in the largest unit of which it has one: `3 s`, `57 min`, `1.5 h`. */
export function formatSpan(durationMs: number): string {
  const unit = units.findLast(({ ms }, index) => roundTo(durationMs, units[index - 1]?.ms) >= ms)
  const { name, ms } = unit ?? units[0]
  const count = Math.max(durationMs, 0) / ms
  // Few of a large unit have one decimal.
  return `${name === 's' || count >= 9.95 ? Math.round(count) : Math.round(count * 10) / 10} ${name}`
}

/** What is told in the smaller unit decides whether it makes one of the larger. */
function roundTo(durationMs: number, unitMs = 1): number {
  return Math.round(durationMs / unitMs) * unitMs
}
