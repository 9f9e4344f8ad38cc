import type { Cost } from '../../schema/agent.ts'
import type { ClaudeLine } from './wire.ts'

/** What of a cost is tokens. */
export type Tokens = Omit<Cost, 'usd'>

/**
 * What a turn cost. Tokens are of this turn; money is a sum over the session, so the turn's is what it
 * grew by. A sum that shrank gives less than nothing, which the daemon tells as unmeasured; the next
 * turn is counted from the smaller one. `before` and `totalUsd` are dollars of the whole session;
 * null: not known, and nor is what the turn cost.
 */
export function readCost(
  line: ClaudeLine,
  before: number | null,
): { cost: Cost; totalUsd: number | null } {
  const total = typeof line.total_cost_usd === 'number' ? line.total_cost_usd : null
  const usd = total === null || before === null ? null : total - before
  const tokens = readTokens(line.usage)
  // Of a turn that was broken off it tells the money only, and no tokens.
  const isCharged = total !== null && (usd === null || usd > 0)
  const isSilent = isCharged && !tokens.inputTokens && !tokens.outputTokens
  const told = isSilent ? { inputTokens: null, outputTokens: null } : tokens
  return { cost: { usd, ...told }, totalUsd: total ?? before }
}

/** Tokens of one answer, or of a turn, as its model's API tells them. */
export function readTokens(usage: ClaudeLine['usage']): Tokens {
  if (typeof usage !== 'object' || usage === null) {
    return { inputTokens: null, outputTokens: null }
  }
  const count = (name: string): number => (typeof usage[name] === 'number' ? usage[name] : 0)
  const cached = count('cache_read_input_tokens')
  const details = usage['output_tokens_details'] as { thinking_tokens?: unknown } | null | undefined
  const thought = details?.thinking_tokens
  return {
    inputTokens: count('input_tokens') + count('cache_creation_input_tokens') + cached,
    outputTokens: count('output_tokens'),
    cachedInputTokens: cached,
    reasoningTokens: typeof thought === 'number' ? thought : null,
  }
}
