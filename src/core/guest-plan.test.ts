import fc from 'fast-check'
import { expect, test } from 'vitest'
import { limits } from '../schema/limits.ts'
import { lostGuestDueAt, nextGuestStep, type GuestView } from './guest-plan.ts'

const now = 1_000_000
const up: GuestView = {
  hasHandle: true,
  isUnknown: false,
  isDoubted: false,
  hasExited: false,
  isEnding: false,
  expiresAt: now + 1,
}

test('a guest that is up is left alone until its time is over', () => {
  expect(nextGuestStep(up, now)).toBe('rest')
  expect(nextGuestStep({ ...up, expiresAt: now }, now)).toBe('expire')
})

test.for<keyof GuestView>(['isUnknown', 'isDoubted', 'hasExited'])(
  'its runtime is asked about one that %s',
  (what) => {
    expect(nextGuestStep({ ...up, [what]: true }, now)).toBe('find')
  },
)

test('its runtime is asked about one of which only the intent is known', () => {
  expect(nextGuestStep({ ...up, hasHandle: false }, now)).toBe('find')
})

const anyGuest = fc.record({
  hasHandle: fc.boolean(),
  isUnknown: fc.boolean(),
  isDoubted: fc.boolean(),
  hasExited: fc.boolean(),
  isEnding: fc.boolean(),
  expiresAt: fc.nat(2 * now),
})

test('none goes before its time for what its runtime says or does not say', () => {
  fc.assert(
    fc.property(anyGuest, (guest) => {
      const step = nextGuestStep(guest, now)
      expect(step === 'end').toBe(guest.isEnding)
      expect(step === 'expire').toBe(!guest.isEnding && guest.expiresAt <= now)
    }),
  )
})

test('a guest without a record has the longest time there is, from when it was made', () => {
  const { max } = limits.guest.ttlMs
  expect(lostGuestDueAt({ createdAt: 1000, seenAt: 5000 })).toBe(1000 + max)
  expect(lostGuestDueAt({ createdAt: null, seenAt: 5000 })).toBe(5000 + max)
  // The clock was set back meanwhile.
  expect(lostGuestDueAt({ createdAt: 10 ** 12, seenAt: 5000 })).toBe(5000 + max)
})
