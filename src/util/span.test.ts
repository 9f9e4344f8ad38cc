import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatSpan, parseSpan } from './span.ts'

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

test.for<[string, number]>([
  ['0', 0],
  ['90', 90_000],
  ['90s', 90_000],
  ['1.5h', 5_400_000],
  ['2h30m', 9_000_000],
  ['1d2h3m4s5ms', 93_784_005],
  ['500ms', 500],
  ['0.5ms', 1],
])('%s is %i ms', ([text, ms]) => {
  expect(parseSpan(text)).toBe(ms)
})

test.for(
  [
    ['', ' ', '-1', '+1', '1y', '1 h', 'h', '1h-2m', '30m2h', '1h1h', '2h30', '1e3', 'Infinity'],
    ['NaN', '0x10', '.5h', '1.h', '1,5h', '٣h', '99999999999999999999d', '1'.repeat(100), '1h\n'],
  ].flat(),
)('%j is no length of time', (text) => {
  expect(parseSpan(text)).toBeNull()
})

test('whatever is written is a length of time or none', () => {
  const unit = fc.constantFrom('0', '1', '9', '.', 'd', 'h', 'm', 's', 'ms', '-', ' ', 'y')
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit }), fc.string()), (text) => {
      const ms = parseSpan(text)
      expect(ms === null || (Number.isSafeInteger(ms) && ms >= 0)).toBe(true)
    }),
  )
})
