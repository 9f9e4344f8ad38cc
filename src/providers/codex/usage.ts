import type { Cost } from '../../schema/agent.ts'
import { fieldsOf, type Fields } from './wire.ts'

/** Tokens as Codex counts them: what was cached is part of the input, reasoning part of the output. */
export interface Tokens {
  input: number
  output: number
  /** Parts of the two, where it tells them; state of before has none. */
  cached?: number | null
  reasoning?: number | null
}

export const noTokens: Tokens = { input: 0, output: 0, cached: 0, reasoning: 0 }

/** What a turn cost: tokens, for Codex tells no money. Null: it did not say. */
export function costOf(spent: Tokens | null): Cost {
  const { input = null, output = null, cached = null, reasoning = null } = spent ?? {}
  return {
    usd: null,
    inputTokens: input,
    outputTokens: output,
    cachedInputTokens: cached,
    reasoningTokens: reasoning,
  }
}

/** Tokens of a `tokenUsage` part, or of the `usage` of `exec`; null when it does not say. */
export function readTokens(value: unknown): Tokens | null {
  const fields = fieldsOf(value)
  const input = countOf(fields, 'inputTokens', 'input_tokens')
  const output = countOf(fields, 'outputTokens', 'output_tokens')
  const cached = countOf(fields, 'cachedInputTokens', 'cached_input_tokens')
  const reasoning = countOf(fields, 'reasoningOutputTokens', 'reasoning_output_tokens')
  return input === null || output === null ? null : { input, output, cached, reasoning }
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
  return {
    input: sum.input - before.input,
    output: sum.output - before.output,
    cached: partGrowth(before.cached, sum.cached),
    reasoning: partGrowth(before.reasoning, sum.reasoning),
  }
}

export function add(left: Tokens | null, right: Tokens | null): Tokens | null {
  return left === null || right === null
    ? (left ?? right)
    : {
        input: left.input + right.input,
        output: left.output + right.output,
        cached: partSum(left.cached, right.cached),
        reasoning: partSum(left.reasoning, right.reasoning),
      }
}

type Part = number | null | undefined

/** A part that shrank while its whole grew is not known. */
function partGrowth(before: Part, sum: Part): number | null {
  return typeof before === 'number' && typeof sum === 'number' && sum >= before
    ? sum - before
    : null
}

function partSum(left: Part, right: Part): number | null {
  return typeof left === 'number' && typeof right === 'number' ? left + right : null
}
