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

const words = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const
const spanOfWords = /^(?:\d+(?:\.\d+)?(?:d|h|ms|m|s))+$/
const part = /(\d+(?:\.\d+)?)(d|h|ms|m|s)/g

/**
 * A length of time as people write it, to whole ms: `90` and `90s`, `15m`, `1.5h`, `2h30m`, `500ms`.
 * Several units stand from large to small, each once. Null when it is none.
 */
export function parseSpan(text: string): number | null {
  if (text.length > 40) {
    return null
  }
  if (/^\d+(?:\.\d+)?$/.test(text)) {
    return wholeMs(Number(text) * words.s)
  }
  if (!spanOfWords.test(text)) {
    return null
  }
  const parts = [...text.matchAll(part)].map(([, count, word]) => ({
    count: Number(count),
    ms: words[word as keyof typeof words],
  }))
  const isOrdered = parts.every(({ ms }, index) => index === 0 || ms < parts[index - 1]!.ms)
  return isOrdered ? wholeMs(parts.reduce((sum, { count, ms }) => sum + count * ms, 0)) : null
}

function wholeMs(count: number): number | null {
  const ms = Math.round(count)
  return Number.isSafeInteger(ms) ? ms : null
}
