import { parseByteSize } from '../schema/byte-size.ts'
import { DroverError } from '../schema/error.ts'
import { formatSpan, parseSpan } from '../util/span.ts'

/** Seconds that `--wait` waits when not told otherwise. */
export const defaultTimeoutSeconds = 600

/** Parsers for the values of options; a bad one is a `usage` error that names the option. */

/**
 * A parser for a length of time, to ms: `90` and `90s`, `15m`, `2h30m`, `2d`, `500ms`; within bounds,
 * ms, where there are some.
 */
export function durationParser(
  option: string,
  { min = 0, max = Infinity }: { min?: number; max?: number } = {},
): (text: string) => number {
  return (text) => {
    const refuse = (problem: string): DroverError =>
      new DroverError('usage', `--${option}: ${JSON.stringify(text.slice(0, 80))} is ${problem}.`, {
        details: { field: option },
      })
    const durationMs = parseSpan(text)
    if (durationMs === null) {
      throw refuse('no length of time, such as 90s, 15m, 8h or 2d')
    }
    if (durationMs < min) {
      throw refuse(`less than ${formatSpan(min)}`)
    }
    if (durationMs > max) {
      throw refuse(`more than ${formatSpan(max)}`)
    }
    return durationMs
  }
}

/** The value of `--timeout`, to seconds. */
export function parseSeconds(text: string): number {
  return durationParser('timeout')(text) / 1000
}

/** A parser for an amount of money above 0. */
export function amountParser(option: string): (text: string) => number {
  return (text) => {
    const amount = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0
    if (amount <= 0 || !Number.isFinite(amount)) {
      throw new DroverError(
        'usage',
        `--${option}: ${JSON.stringify(text)} is no amount above 0, such as 5 or 0.50.`,
        { details: { field: option } },
      )
    }
    return amount
  }
}

/** A parser for a whole number from 0 up. */
export function countParser(option: string): (text: string) => number {
  return (text) => {
    if (!/^\d{1,15}$/.test(text)) {
      throw new DroverError(
        'usage',
        `--${option}: ${JSON.stringify(text)} is not a whole number from 0 up.`,
        {
          details: { field: option },
        },
      )
    }
    return Number(text)
  }
}

/** A size in bytes: `512m`, `1.5g`. */
export function parseSize(text: string): number {
  const bytes = parseByteSize(text)
  if (bytes === null) {
    throw new DroverError(
      'usage',
      `--memory: ${JSON.stringify(text)} is not a size, such as 512m or 1.5g.`,
      { details: { field: 'memory' } },
    )
  }
  return bytes
}

/** Processors, in fractions if need be. */
export function parseCpus(text: string): number {
  const cpus = Number(text)
  if (!/^\d+(\.\d+)?$/.test(text) || cpus === 0) {
    throw new DroverError(
      'usage',
      `--cpus: ${JSON.stringify(text)} is not a number of processors, such as 2 or 0.5.`,
      { details: { field: 'cpus' } },
    )
  }
  return cpus
}

/** Collects texts of an option that is given any number of times. */
export function collectTexts(text: string, previous: readonly string[] = []): string[] {
  return [...previous, text]
}

/** Collects `--env NAME=VALUE`, given any number of times. */
export function collectEnvironment(
  text: string,
  previous: Record<string, string> = {},
): Record<string, string> {
  const split = text.indexOf('=')
  if (split < 1) {
    throw new DroverError('invalid_env', `--env: ${JSON.stringify(text)} is not NAME=VALUE.`, {
      details: { field: 'env' },
    })
  }
  return withEntry(previous, text.slice(0, split), text.slice(split + 1))
}

/** Collects `--option NAME=VALUE`; a value that is JSON is taken as such, anything else as text. */
export function collectOptions(
  text: string,
  previous: Record<string, unknown> = {},
): Record<string, unknown> {
  const split = text.indexOf('=')
  if (split < 1) {
    throw new DroverError('usage', `--option: ${JSON.stringify(text)} is not NAME=VALUE.`, {
      details: { field: 'option' },
    })
  }
  return withEntry(previous, text.slice(0, split), jsonOrText(text.slice(split + 1)))
}

/** A copy with one more entry; `__proto__` is a name like any other. */
function withEntry<Value>(
  record: Record<string, Value>,
  name: string,
  value: Value,
): Record<string, Value> {
  return Object.fromEntries([...Object.entries(record), [name, value]])
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
