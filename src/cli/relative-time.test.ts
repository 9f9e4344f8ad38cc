import { expect, it } from 'vitest'
import {
  formatDuration,
  formatRelativeTime,
  formatTimeUntil,
  formatZonedTime,
} from './relative-time.ts'

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

it('tells how long it is until a time', () => {
  const until = (ms: number): string => formatTimeUntil(5000 + ms, 5000)
  expect([-9999, 0, 999, 1000, 59_999, 3_600_000].map(until)).toEqual([
    'now',
    'now',
    'now',
    'in 1s',
    'in 59s',
    'in 1h',
  ])
})

it('tells a time as the clocks of its zone show it, also in the hour that comes twice', () => {
  const at = (time: string): string => formatZonedTime(Date.parse(time), 'Europe/Berlin')
  expect([at('2026-10-25T00:30:00Z'), at('2026-10-25T01:30:00Z')]).toEqual([
    'Sun 2026-10-25 02:30:00 CEST',
    'Sun 2026-10-25 02:30:00 CET',
  ])
  expect(formatZonedTime(Date.parse('2027-01-01T00:00:00Z'), 'Asia/Tokyo')).toBe(
    'Fri 2027-01-01 09:00:00 GMT+9',
  )
})
