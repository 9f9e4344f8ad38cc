import type { Cost } from '../schema/agent.ts'
import type { Price } from '../schema/cost.ts'

/** What one turn cost, as it is kept: every number is one, or unmeasured. */
export interface SettledCost {
  usd: number | null
  inputTokens: number | null
  outputTokens: number | null
  cachedInputTokens: number | null
  reasoningTokens: number | null
  /** `usd` was made from tokens and a price. */
  isEstimated: boolean
}

/**
 * A program's report of one turn, made safe to add up. What is no number, is negative, or is a part
 * that is larger than its whole becomes unmeasured, with a word for each in `problems`. Money is
 * estimated only where the program tells none and its tokens have a price.
 */
export function settleCost(
  reported: Cost,
  price: Price | null,
): { cost: SettledCost; problems: string[] } {
  const problems: string[] = []
  const take = (
    name: string,
    value: number | null | undefined,
    isWhole: boolean,
  ): number | null => {
    if (value === null || value === undefined) {
      return null
    }
    const problem = problemOf(value, isWhole)
    if (problem) {
      problems.push(`${name}: ${value} ${problem}`)
      return null
    }
    return value
  }
  const part = (name: keyof Cost, whole: number | null): number | null => {
    const value = take(name, reported[name], true)
    if (value !== null && (whole === null || value > whole)) {
      problems.push(`${name}: ${value} is more than the whole it is part of`)
      return null
    }
    return value
  }
  const inputTokens = take('inputTokens', reported.inputTokens, true)
  const outputTokens = take('outputTokens', reported.outputTokens, true)
  const cachedInputTokens = part('cachedInputTokens', inputTokens)
  const reasoningTokens = part('reasoningTokens', outputTokens)
  const tokens = { inputTokens, outputTokens, cachedInputTokens, reasoningTokens }
  const told = take('usd', reported.usd, false)
  // What a program says wrongly is not made up for: nobody would look at it again.
  const isSilent = reported.usd === null
  const estimate = isSilent && price ? priceTokens(tokens, price) : null
  const cost = { usd: told ?? estimate, ...tokens, isEstimated: told === null && estimate !== null }
  return { cost, problems }
}

function problemOf(value: number, isWhole: boolean): string | null {
  if (!Number.isFinite(value) || (isWhole && !Number.isSafeInteger(value))) {
    return isWhole ? 'is no whole number' : 'is no number'
  }
  return value < 0 ? 'is less than 0' : null
}

/** US dollars of these tokens; null where not both ways are known. */
export function priceTokens(
  {
    inputTokens,
    outputTokens,
    cachedInputTokens,
  }: Pick<SettledCost, 'inputTokens' | 'outputTokens' | 'cachedInputTokens'>,
  { input, cachedInput = input, output }: Price,
): number | null {
  if (inputTokens === null || outputTokens === null) {
    return null
  }
  const cached = cachedInputTokens ?? 0
  return ((inputTokens - cached) * input + cached * cachedInput + outputTokens * output) / 1_000_000
}

/** The day of a cost: UTC, so that it is the same wherever a daemon runs, and the one that vendors bill by. */
export function costDay(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}
