import { expect, test } from 'vitest'
import { Notifier } from './notifier.ts'

const never = new AbortController().signal

test('everyone who waits for a key hears of it, nobody else', async () => {
  const notifier = new Notifier()
  const heard: string[] = []
  const aborting = new AbortController()
  const waits = [
    notifier.wait('a', never).then(() => heard.push('first')),
    notifier.wait('a', never).then(() => heard.push('second')),
  ]
  const other = notifier.wait('b', aborting.signal)
  notifier.notify('a')
  notifier.notify('nobody')
  await Promise.all(waits)
  expect(heard).toEqual(['first', 'second'])
  aborting.abort(new Error('enough'))
  await expect(other).rejects.toThrow('enough')
})

test('until looks first, then after each word, and gives what it found', async () => {
  const notifier = new Notifier()
  let looks = 0
  const look = (): number | undefined => {
    looks++
    // Somebody changes something each time, after the look.
    queueMicrotask(() => setImmediate(() => notifier.notify('a')))
    return looks === 3 ? looks : undefined
  }
  expect(await notifier.until('a', look, { seconds: 60, signal: never })).toBe(3)
  expect(await notifier.until('a', () => 'at once', { seconds: 0, signal: never })).toBe('at once')
})

test('until gives up when its time is over or its signal aborts', async () => {
  const notifier = new Notifier()
  expect(
    await notifier.until('a', () => undefined, { seconds: 0.01, signal: never }),
  ).toBeUndefined()
  const aborting = new AbortController()
  const waiting = notifier.until('a', () => undefined, { seconds: 60, signal: aborting.signal })
  aborting.abort()
  expect(await waiting).toBeUndefined()
})
