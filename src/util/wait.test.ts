import { expect, test } from 'vitest'
import { abortable } from './abortable.ts'
import { waitUntil } from './wait.ts'

test('it asks again until the answer is yes', async () => {
  let asked = 0
  expect(await waitUntil(async () => ++asked === 4, { deadlineMs: 60_000 })).toBe(true)
  expect(asked).toBe(4)
})

test('at the deadline the answer is no; with no time at all it asks once', async () => {
  let asked = 0
  const no = (): boolean => {
    asked++
    return false
  }
  expect(await waitUntil(no, { deadlineMs: 0 })).toBe(false)
  expect(asked).toBe(1)
  expect(await waitUntil(no, { deadlineMs: 5 })).toBe(false)
})

test('a signal that aborts ends the wait', async () => {
  const aborting = new AbortController()
  const waiting = waitUntil(() => false, { deadlineMs: 60_000, signal: aborting.signal })
  aborting.abort()
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
})

test('a promise gives its result, or the reason of the signal that came first', async () => {
  const never = new Promise<never>(() => undefined)
  expect(await abortable(Promise.resolve(1), new AbortController().signal)).toBe(1)
  await expect(abortable(never, AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
  const aborting = new AbortController()
  const waiting = abortable(never, aborting.signal)
  aborting.abort(new Error('meanwhile'))
  await expect(waiting).rejects.toThrow('meanwhile')
})
