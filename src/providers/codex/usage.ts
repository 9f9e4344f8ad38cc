import { fieldsOf, type Fields } from './wire.ts'

/** Tokens as Codex counts them: what was cached is part of the input, reasoning part of the output. */
export interface Tokens {
  input: number
  output: number
}

/** Tokens of a `tokenUsage` part, or of the `usage` of `exec`; null when it does not say. */
export function readTokens(value: unknown): Tokens | null {
  const fields = fieldsOf(value)
  const input = countOf(fields, 'inputTokens', 'input_tokens')
  const output = countOf(fields, 'outputTokens', 'output_tokens')
  return input === null || output === null ? null : { input, output }
}

function countOf(fields: Fields, ...names: string[]): number | null {
  const value = names.map((name) => fields[name]).find((each) => each !== undefined)
  // Adding nothing turns -0, which JSON can't keep, into 0.
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) + 0 : null
}

/**
 * What a sum grew by since `before`; null where that is not known, or where the same sum is only told
 * again: that says nothing of what was used meanwhile. A sum that shrank was begun anew:
 * nobody can say what of it is new but by `latest`, what the program says of its latest request.
 */
export function growth(before: Tokens | null, sum: Tokens, latest: Tokens | null): Tokens | null {
  if (before === null || sum.input < before.input || sum.output < before.output) {
    return latest
  }
  if (sum.input === before.input && sum.output === before.output) {
    return null
  }
  return { input: sum.input - before.input, output: sum.output - before.output }
}

export function add(left: Tokens | null, right: Tokens | null): Tokens | null {
  return left === null || right === null
    ? (left ?? right)
    : { input: left.input + right.input, output: left.output + right.output }
}
