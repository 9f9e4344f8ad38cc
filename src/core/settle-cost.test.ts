import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Cost } from '../schema/agent.ts'
import { costDay, priceTokens, settleCost } from './settle-cost.ts'

const price = { input: 4, cachedInput: 0.2, output: 20 }
const told = (cost: Partial<Cost>): Cost => ({
  usd: null,
  inputTokens: null,
  outputTokens: null,
  ...cost,
})

describe('the cost of a turn', () => {
  test('is what the program told, and its price does not matter then', () => {
    const reported = told({ usd: 0.5, inputTokens: 100, outputTokens: 20, cachedInputTokens: 60 })
    expect(settleCost(reported, price)).toEqual({
      cost: { ...reported, reasoningTokens: null, isEstimated: false },
      problems: [],
    })
  })

  test('is estimated where tokens have a price and no money was told', () => {
    const tokens = { inputTokens: 150, outputTokens: 20, cachedInputTokens: 50 }
    const { cost } = settleCost(told(tokens), price)
    expect(cost.usd).toBeCloseTo(0.00081, 10)
    expect(cost.isEstimated).toBe(true)
  })

  test.for<[Partial<Cost>]>([
    [{}],
    [{ inputTokens: 5 }],
    [{ outputTokens: 5 }],
    [{ inputTokens: -5, outputTokens: 5 }],
  ])('is unmeasured, never zero, with tokens of %j', ([tokens]) => {
    expect(settleCost(told(tokens), price).cost).toMatchObject({ usd: null, isEstimated: false })
  })

  test('is unmeasured without a price, and nothing at a price of nothing', () => {
    const tokens = told({ inputTokens: 5, outputTokens: 5 })
    expect(settleCost(tokens, null).cost).toMatchObject({ usd: null, isEstimated: false })
    const free = { input: 0, output: 0 }
    expect(settleCost(tokens, free).cost).toMatchObject({ usd: 0, isEstimated: true })
  })

  test('that is negative is unmeasured and told, and no estimate takes its place', () => {
    const { cost, problems } = settleCost(
      told({ usd: -0.25, inputTokens: 5, outputTokens: 5 }),
      price,
    )
    expect(cost).toMatchObject({ usd: null, isEstimated: false, inputTokens: 5 })
    expect(problems).toEqual(['usd: -0.25 is less than 0'])
  })

  test('with a part that is larger than its whole has no such part', () => {
    const reported = told({ inputTokens: 5, outputTokens: 5, cachedInputTokens: 6 })
    const { cost, problems } = settleCost(reported, null)
    expect(cost).toMatchObject({ inputTokens: 5, cachedInputTokens: null })
    expect(problems).toEqual(['cachedInputTokens: 6 is more than the whole it is part of'])
  })

  test('can be added up, whatever was told', () => {
    const number = fc.option(fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger()))
    const reported = fc.record({
      usd: number,
      inputTokens: number,
      outputTokens: number,
      cachedInputTokens: number,
      reasoningTokens: number,
    })
    fc.assert(
      fc.property(reported, fc.constantFrom(price, null), (given, each) => {
        const { cost } = settleCost(given, each)
        const { isEstimated: _, ...numbers } = cost
        for (const value of Object.values<number | null>(numbers)) {
          expect(value === null || (Number.isFinite(value) && value >= 0)).toBe(true)
        }
        expect(cost.cachedInputTokens ?? 0).toBeLessThanOrEqual(cost.inputTokens ?? 0)
        expect(cost.reasoningTokens ?? 0).toBeLessThanOrEqual(cost.outputTokens ?? 0)
      }),
    )
  })
})

test('input from a cache costs as other input where no price says otherwise', () => {
  const tokens = { inputTokens: 1_000_000, outputTokens: 0, cachedInputTokens: 500_000 }
  expect(priceTokens(tokens, { input: 2, output: 1 })).toBe(2)
  expect(priceTokens(tokens, { input: 2, cachedInput: 1, output: 1 })).toBe(1.5)
})

test('a day is one of UTC', () => {
  expect(costDay(Date.UTC(2026, 10, 21, 23, 59, 59, 999))).toBe('2026-11-21')
  expect(costDay(Date.UTC(2026, 10, 22))).toBe('2026-11-22')
})
