import fc from 'fast-check'
import { expect, test } from 'vitest'
import { errorClasses, type ErrorClass } from '../schema/error-class.ts'
import { Config } from '../schema/config.ts'
import { backoffMs, judgeDeath, type DeathHistory, type RunDeath } from './restart.ts'

const limits = Config.parse({}).restart
const none: DeathHistory = { attempts: 0, deaths: [] }
const now = 10_000_000
const death: RunDeath = {
  now,
  livedMs: 1000,
  isSuccess: false,
  isMachineFault: false,
  errorClass: null,
  policy: 'on-failure',
  random: 0.999,
}

test.for([
  ['never', false, 'rest'],
  ['never', true, 'rest'],
  ['on-failure', false, 'restart'],
  ['on-failure', true, 'rest'],
  ['always', false, 'restart'],
  ['always', true, 'restart'],
] as const)('policy %s, success %s: %s', ([policy, isSuccess, does]) => {
  expect(judgeDeath(none, { ...death, policy, isSuccess }, limits).does).toBe(does)
})

test('the wait doubles from 1 s to 60 s, and jitter goes anywhere below it', () => {
  expect([1, 2, 3, 6, 7, 50].map((attempt) => backoffMs(attempt, limits))).toEqual([
    1000, 2000, 4000, 32_000, 60_000, 60_000,
  ])
  fc.assert(
    fc.property(fc.nat(20), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempts, random) => {
      const { notBefore } = judgeDeath({ attempts, deaths: [] }, { ...death, random }, limits)
      expect(notBefore).toBeGreaterThanOrEqual(now)
      expect(notBefore).toBeLessThan(now + backoffMs(attempts + 1, limits))
    }),
  )
})

test('three deaths within 300 s are a crash loop, whatever the policy; older ones do not count', () => {
  for (const policy of ['never', 'on-failure', 'always'] as const) {
    const second = { attempts: 2, deaths: [now - 299_000, now - 1000] }
    expect(judgeDeath(second, { ...death, policy }, limits).does).toBe('quarantine')
    const older = { attempts: 2, deaths: [now - 300_000, now - 1000] }
    expect(judgeDeath(older, { ...death, policy }, limits).does).not.toBe('quarantine')
  }
})

test('a run that lived five minutes was healthy: counting begins anew', () => {
  const before = { attempts: 5, deaths: [now - 2000, now - 1000] }
  expect(judgeDeath(before, { ...death, livedMs: 300_000 }, limits)).toMatchObject({
    does: 'restart',
    attempts: 1,
    deaths: [now],
  })
})

test.for(['rate_limit', 'overloaded', 'network'] as const)(
  'a death by %s passes: it is tried again for as long as it takes',
  (errorClass) => {
    const before = { attempts: 9, deaths: [] }
    expect(judgeDeath(before, { ...death, errorClass }, limits)).toMatchObject({
      does: 'restart',
      attempts: 10,
      deaths: [],
    })
  },
)

test.for(['auth', 'quota', 'config'] as const)(
  'a death by %s stays: who would be restarted is given up at once, others rest',
  (errorClass) => {
    expect(judgeDeath(none, { ...death, errorClass }, limits).does).toBe('quarantine')
    expect(judgeDeath(none, { ...death, errorClass, policy: 'never' }, limits).does).toBe('rest')
  },
)

test('what comes up by itself waits for the time that its failure named; a message does not', () => {
  const retryAt = now + 3_600_000
  const notBefore = (part: Partial<RunDeath>): number | null =>
    judgeDeath(none, { ...death, errorClass: 'rate_limit', retryAt, ...part }, limits).notBefore
  expect(notBefore({})).toBeGreaterThanOrEqual(retryAt)
  expect(notBefore({ policy: 'always' })).toBeGreaterThanOrEqual(retryAt)
  for (const part of [
    { policy: 'never' },
    { errorClass: 'unknown' },
    { errorClass: null },
    { retryAt: now - 1000 },
    { retryAt: null },
  ] as const) {
    expect(notBefore(part)).toBeLessThan(now + limits.backoffMs)
    expect(notBefore(part)).toBeGreaterThanOrEqual(now)
  }
})

test('each class of failure has its rule: it passes, it stays, or it counts like any other death', () => {
  const does = (errorClass: ErrorClass): string => {
    const before = { attempts: 2, deaths: [now - 2000, now - 1000] }
    const once = judgeDeath(none, { ...death, errorClass }, limits).does
    return `${once}, ${judgeDeath(before, { ...death, errorClass }, limits).does}`
  }
  expect(Object.fromEntries(errorClasses.map((each) => [each, does(each)]))).toEqual({
    rate_limit: 'restart, restart',
    overloaded: 'restart, restart',
    network: 'restart, restart',
    auth: 'quarantine, quarantine',
    quota: 'quarantine, quarantine',
    config: 'quarantine, quarantine',
    crash: 'restart, quarantine',
    unknown: 'restart, quarantine',
  })
})

test('a machine that went down, or had no room, is no fault of the program', () => {
  const before = { attempts: 2, deaths: [now - 2000, now - 1000] }
  const verdict = judgeDeath(
    before,
    { ...death, isMachineFault: true, errorClass: 'config' },
    limits,
  )
  expect(verdict).toMatchObject({ does: 'restart', deaths: before.deaths })
  expect(verdict.notBefore).not.toBeNull()
})
