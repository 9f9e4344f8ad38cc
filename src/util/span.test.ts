import { expect, test } from 'vitest'
import { formatSpan } from './span.ts'

test.for<[number, string]>([
  [-5, '0 s'],
  [400, '0 s'],
  [2600, '3 s'],
  [56_000, '56 s'],
  [59_800, '1 min'],
  [90_000, '1.5 min'],
  [57 * 60_000 - 1, '57 min'],
  [3_599_000, '1 h'],
  [5_400_000, '1.5 h'],
  [86_400_000 * 2.4, '2.4 d'],
  [86_400_000 * 30.6, '31 d'],
])('%i ms are told as %s', ([ms, text]) => {
  expect(formatSpan(ms)).toBe(text)
})
