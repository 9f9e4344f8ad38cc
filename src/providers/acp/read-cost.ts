import type { Cost } from '../../schema/agent.ts'
import type { Dialect } from './dialect.ts'
import type { AcpState } from './state.ts'
import { objectOf, type JsonObject } from './wire.ts'

/** Notes the session's cost so far; other money than US dollars is not counted. */
export function takeCost(state: AcpState, update: JsonObject): void {
  const { amount, currency } = objectOf(update['cost'])
  if (typeof amount === 'number' && Number.isFinite(amount) && currency === 'USD') {
    state.totalUsd = amount
  }
}

/**
 * Cost of the turn that ends. Tokens are read where the programs in use put them: in `usage`, of
 * which what was cached is part, or in Gemini's quota. Money is what the session's sum grew by.
 */
export function turnCost(state: AcpState, dialect: Dialect, result: JsonObject): Cost {
  const { totalUsd, usdBefore } = state
  const usd = totalUsd === null || usdBefore === null ? null : totalUsd - usdBefore
  const isUnknown = dialect.hasTokensOfLastCall && state.turn?.hasTools === true
  return { usd, ...(isUnknown ? noTokens : tokensOf(result)) }
}

const noTokens = { inputTokens: null, outputTokens: null }

function tokensOf(result: JsonObject): Pick<Cost, 'inputTokens' | 'outputTokens'> {
  const usage = objectOf(result['usage'])
  const input = count(usage['inputTokens'])
  if (input !== null) {
    const cached =
      (count(usage['cachedReadTokens']) ?? 0) + (count(usage['cachedWriteTokens']) ?? 0)
    return { inputTokens: input + cached, outputTokens: count(usage['outputTokens']) }
  }
  const quota = objectOf(objectOf(objectOf(result['_meta'])['quota'])['token_count'])
  return {
    inputTokens: count(quota['input_tokens']),
    outputTokens: count(quota['output_tokens']),
  }
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? Math.round(value) : null
}
