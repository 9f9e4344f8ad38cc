import { expect, test } from 'vitest'
import { formatMoment, formatWhen } from './moment.ts'

const now = new Date(2026, 10, 21, 14, 0).getTime()

test.for<[number, string]>([
  [-5000, 'now'],
  [499, 'now'],
  [14_000, 'in 14 s'],
  [65_000, 'in 1.1 min (14:01)'],
  [57 * 60_000, 'in 57 min (14:57)'],
  [20 * 3_600_000, 'in 20 h (2026-11-22 10:00)'],
])('what comes in %i ms comes %s', ([ms, text]) => {
  expect(formatWhen(now + ms, now)).toBe(text)
})

test('a time of another day has its day', () => {
  expect(formatMoment(now, now)).toBe('14:00')
  expect(formatMoment(new Date(2027, 0, 2, 9, 5).getTime(), now)).toBe('2027-01-02 09:05')
})
