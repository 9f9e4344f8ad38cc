import type { Cost } from '../../schema/agent.ts'
import { fieldsOf } from './wire.ts'

/** Tokens as Codex counts them: what was cached is part of the input, reasoning part of the output. */
export interface Tokens {
  input: number
  cached: number
  output: number
  reasoning: number
}

export const noTokens: Tokens = { input: 0, cached: 0, output: 0, reasoning: 0 }

/** Each by its names: of the app-server, and of `exec`. */
const names: Readonly<Record<keyof Tokens, readonly [string, string]>> = {
  input: ['inputTokens', 'input_tokens'],
  cached: ['cachedInputTokens', 'cached_input_tokens'],
  output: ['outputTokens', 'output_tokens'],
  reasoning: ['reasoningOutputTokens', 'reasoning_output_tokens'],
}

const kinds = ['input', 'cached', 'output', 'reasoning'] as const

/** Tokens of a `tokenUsage` part, or of the `usage` of `exec`; null when it does not say how many went in and came out. */
export function readTokens(value: unknown): Tokens | null {
  const fields = fieldsOf(value)
  const count = (kind: keyof Tokens): number | null => {
    const [name, other] = names[kind]
    const told = fields[name] ?? fields[other]
    // Adding nothing turns -0, which JSON can't keep, into 0.
    return Number.isSafeInteger(told) && (told as number) >= 0 ? (told as number) + 0 : null
  }
  const [input, output] = [count('input'), count('output')]
  return input === null || output === null
    ? null
    : { input, output, cached: count('cached') ?? 0, reasoning: count('reasoning') ?? 0 }
}

/**
 * What a sum grew by since `before`; null where that is not known, or where the same sum is only told
 * again: that says nothing of what was used meanwhile. A sum that shrank was begun anew: nobody can
 * say what of it is new but by `latest`, what the program says of its latest request.
 */
export function growth(before: Tokens | null, sum: Tokens, latest: Tokens | null): Tokens | null {
  if (before === null || kinds.some((kind) => sum[kind] < before[kind])) {
    return latest
  }
  return kinds.every((kind) => sum[kind] === before[kind])
    ? null
    : combine(sum, before, (now, then) => now - then)
}

export function add(left: Tokens | null, right: Tokens | null): Tokens | null {
  return left === null || right === null
    ? (left ?? right)
    : combine(left, right, (one, other) => one + other)
}

function combine(
  left: Tokens,
  right: Tokens,
  take: (left: number, right: number) => number,
): Tokens {
  const [input, cached, output, reasoning] = kinds.map((kind) => take(left[kind], right[kind]))
  return { input: input!, cached: cached!, output: output!, reasoning: reasoning! }
}

/** Codex tells no money. */
export function costOf(spent: Tokens | null): Cost {
  return {
    usd: null,
    inputTokens: spent?.input ?? null,
    outputTokens: spent?.output ?? null,
    cachedInputTokens: spent?.cached ?? null,
    reasoningTokens: spent?.reasoning ?? null,
  }
}
