import { expect, test } from 'vitest'
import { findPrice } from './find-price.ts'

const price = (input: number) => ({ input, output: 1 })
const prices = new Map([
  ['gpt-5', price(1)],
  ['gpt-5-mini', price(2)],
  ['claude-opus-4-5', price(3)],
  ['gemini-2.5-pro', price(4)],
  ['ollama/*', price(0)],
  ['mine/*', price(5)],
  ['mine/large-*', price(6)],
  ['gpt-4o-2024-05-13', price(7)],
  ['gpt-4o', price(8)],
])

test.for<[string, number | null]>([
  ['gpt-5', 1],
  ['gpt-5-mini', 2],
  ['gpt-5-2025-08-07', 1],
  ['openai/gpt-5', 1],
  ['openrouter/openai/gpt-5', 1],
  ['claude-opus-4-5-20251101', 3],
  ['claude-opus-4-5@20251101', 3],
  ['anthropic/claude-opus-4-5-latest', 3],
  ['claude-opus-4-5[1m]', 3],
  ['models/gemini-2.5-pro-preview-06-05', 4],
  ['gemini-2.5-pro-preview', 4],
  ['ollama/llama3:latest', 0],
  ['mine/small', 5],
  ['mine/large-2', 6],
  ['gpt-4o-2024-05-13', 7],
  ['gpt-4o-2024-11-20', 8],
  ['gpt-5-nano', null],
  ['gpt-5.1', null],
  ['gpt', null],
  ['ollama', null],
  ['-latest', null],
  ['', null],
])('%s costs %j', ([model, input]) => {
  expect(findPrice(model, prices)?.input ?? null).toBe(input)
})
