import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { createId, timeOfId } from './id.ts'

afterEach(() => vi.useRealTimers())

test('ids sort by the time they were made', () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  fc.assert(
    fc.property(fc.nat(2 ** 40), fc.integer({ min: 1, max: 2 ** 40 }), (time, later) => {
      vi.setSystemTime(time)
      const first = createId('run')
      vi.setSystemTime(time + later)
      expect(first < createId('run')).toBe(true)
    }),
  )
})

test('no two are the same, and all look alike', () => {
  const ids = Array.from({ length: 10_000 }, () => createId('msg'))
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.every((id) => /^msg_[0-9a-hjkmnp-tv-z]{22}$/.test(id))).toBe(true)
})

test('an id tells when it was made', () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  fc.assert(
    fc.property(fc.nat(2 ** 45), (time) => {
      vi.setSystemTime(time)
      expect(timeOfId(createId('guest'))).toBe(time)
    }),
  )
  for (const other of [
    '',
    'guest_',
    'guest_1',
    'run_01kb3v7w1qh2m5n8p0r4s7i',
    '01kb3v7w1qh2m5n8p0r4s7',
  ]) {
    expect(timeOfId(other)).toBeNull()
  }
})
