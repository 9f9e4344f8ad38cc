import type { Cost } from '../../schema/agent.ts'
import type { Dialect } from './dialect.ts'
import type { AcpState } from './state.ts'
import { objectOf, objectsOf, type JsonObject } from './wire.ts'

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

/** The one model that the turn used; null: the program names none, or several. */
export function turnModel(result: JsonObject): string | null {
  const quota = objectOf(objectOf(result['_meta'])['quota'])
  const used = objectsOf(quota['model_usage'])
  const model = used.length === 1 ? used[0]?.['model'] : null
  return typeof model === 'string' && model !== '' ? model : null
}

function tokensOf(result: JsonObject): Omit<Cost, 'usd'> {
  const usage = objectOf(result['usage'])
  const input = count(usage['inputTokens'])
  if (input !== null) {
    const cached = count(usage['cachedReadTokens'])
    return {
      inputTokens: input + (cached ?? 0) + (count(usage['cachedWriteTokens']) ?? 0),
      outputTokens: count(usage['outputTokens']),
      ...(cached === null ? {} : { cachedInputTokens: cached }),
    }
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
