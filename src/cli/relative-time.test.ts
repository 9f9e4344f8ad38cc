import { expect, it } from 'vitest'
import { formatDuration, formatRelativeTime } from './relative-time.ts'

it('tells a time by its largest whole unit', () => {
  const now = 1_800_000_000_000
  const ago = (ms: number): string => formatRelativeTime(now - ms, now)
  expect([0, 4999, 5000, 59_999, 60_000, 3_599_999, 3_600_000, 86_400_000 * 400].map(ago)).toEqual([
    'now',
    'now',
    '5s ago',
    '59s ago',
    '1m ago',
    '59m ago',
    '1h ago',
    '400d ago',
  ])
})

it('takes a time in the future, from a clock that is off, for now', () => {
  expect(formatRelativeTime(2000, 1000)).toBe('now')
  expect(formatDuration(-5)).toBe('0s')
})
