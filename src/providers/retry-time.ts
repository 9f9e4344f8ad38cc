/** When to try again, Unix ms, from seconds or a date; null when it says neither. Source: RFC 9110, 10.2.3. */
export function parseRetryAfter(header: string | null, now: number): number | null {
  if (header === null || header.trim() === '') {
    return null
  }
  const at = /^\s*\d+(\.\d+)?\s*$/.test(header) ? now + Number(header) * 1000 : Date.parse(header)
  return Number.isFinite(at) ? Math.round(at) : null
}

/** Fields of error bodies that say when, and how they say it. */
const fields: readonly (readonly [RegExp, (value: string, now: number) => number])[] = [
  // Google: google.rpc.RetryInfo.
  [/"retryDelay"\s*:\s*"(\d+(?:\.\d+)?)s"/, (value, now) => now + Number(value) * 1000],
  // Plans of ChatGPT.
  [/"resets_in_seconds"\s*:\s*(\d+(?:\.\d+)?)/, (value, now) => now + Number(value) * 1000],
  [/"resets_?[aA]t"\s*:\s*(\d{10})(?!\d)/, (value) => Number(value) * 1000],
  // Plans of Claude: `usage limit reached|1767225600`.
  [/limit reached\|(\d{10})(?!\d)/, (value) => Number(value) * 1000],
]

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

const amount = String.raw`\d+(?:\.\d+)?\s*(?:ms|milliseconds?|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?![a-z])`
const spoken = new RegExp(
  String.raw`(?:try again|retry(?:ing)?|resets?|available)(?: again)? (?:in|after) ((?:${amount}[\s,]*(?:and\s+)?)+)`,
  'i',
)

/** Longest wait that is believed, ms: more is a mistake, or no limit that passes. */
const mostMs = 32 * 86_400_000

/** When the text of a failure says that it may be tried again, Unix ms; null when it does not say. */
export function findRetryTime(text: string, now: number): number | null {
  for (const [pattern, read] of fields) {
    const value = pattern.exec(text)?.[1]
    if (value !== undefined) {
      return believable(Math.round(read(value, now)), now)
    }
  }
  const words = spoken.exec(text)?.[1]
  return words === undefined ? null : believable(now + readSpan(words), now)
}

/** `2 days 3 hours`, `6m0s`, `1.898s` in ms. */
function readSpan(words: string): number {
  let sum = 0
  for (const [, count, unit] of words.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/gi)) {
    const name = unit!.toLowerCase()
    const short = name === 'ms' || name.startsWith('milli') ? 'ms' : name[0]!
    sum += Number(count) * (unitMs[short] ?? 0)
  }
  return Math.round(sum)
}

function believable(at: number, now: number): number | null {
  return at >= now - mostMs && at <= now + mostMs ? at : null
}
