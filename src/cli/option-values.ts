import { parseByteSize } from '../schema/byte-size.ts'
import { DroverError } from '../schema/error.ts'

/** Seconds that `--wait` waits when not told otherwise. */
export const defaultTimeoutSeconds = 600

/** Parsers for the values of options; a bad one is a `usage` error that names the option. */

export function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (text.trim() === '' || !Number.isFinite(seconds) || seconds < 0) {
    throw new DroverError(
      'usage',
      `--timeout: ${JSON.stringify(text)} is not a number of seconds.`,
      {
        details: { field: 'timeout' },
      },
    )
  }
  return seconds
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
