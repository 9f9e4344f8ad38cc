import { expect, it } from 'vitest'
import { amountParser, durationParser, parseSeconds } from './option-values.ts'

it.each([
  ['90', 90_000],
  ['90s', 90_000],
  ['15m', 900_000],
  ['1.5h', 5_400_000],
  ['8h', 28_800_000],
  ['2d', 172_800_000],
  ['2h30m', 9_000_000],
  ['500ms', 500],
  ['0', 0],
])('%s is %i ms', (text, durationMs) => {
  expect(durationParser('idle')(text)).toBe(durationMs)
})

it.each([
  '',
  ' ',
  'soon',
  '-1',
  '1 h',
  '1H',
  '1w',
  '30m1h',
  '.5h',
  '1e3',
  'Infinity',
  '9'.repeat(30),
])('%j is no length of time, and the error names the option', (text) => {
  expect(() => durationParser('max-age')(text)).toThrow(/^--max-age: .* is no length of time/)
})

it.each([
  ['0', 'less than 1 min'],
  ['59.9s', 'less than 1 min'],
  ['4h1ms', 'more than 4 h'],
  ['365d', 'more than 4 h'],
  ['-1', 'no length of time'],
  ['1y', 'no length of time'],
])('%s is out of bounds or no length of time, and the error names the option', (text, problem) => {
  const parse = durationParser('ttl', { min: 60_000, max: 4 * 3_600_000 })
  expect(() => parse(text)).toThrow(`--ttl: "${text}" is ${problem}`)
})

it('a length of time may be at its bounds', () => {
  const parse = durationParser('ttl', { min: 60_000, max: 4 * 3_600_000 })
  expect([parse('60s'), parse('3h60m')]).toEqual([60_000, 4 * 3_600_000])
})

it('a timeout is a length of time in seconds', () => {
  expect([parseSeconds('5m'), parseSeconds('90'), parseSeconds('500ms')]).toEqual([300, 90, 0.5])
})

it.each(['0', '-1', '', 'five', '1e9', '$5', '1,5'])('%j is no amount above 0', (text) => {
  expect(() => amountParser('budget-usd')(text)).toThrow(/^--budget-usd: .* is no amount above 0/)
})

it('an amount may have a fraction', () => {
  expect(amountParser('budget-usd')('0.25')).toBe(0.25)
})
