import { expect, test } from 'vitest'
import { Backoff } from './backoff.ts'

test('pauses end with the signal', async () => {
  const backoff = new Backoff({ firstMs: 3_600_000, longestMs: 3_600_000 })
  const stop = new AbortController()
  const waiting = backoff.wait(stop.signal)
  stop.abort()
  await expect(waiting).rejects.toThrow('aborted')
})

test('pauses double up to the longest, and begin anew after it worked', () => {
  const backoff = new Backoff({ firstMs: 100, longestMs: 350 })
  const isNear = (pauseMs: number, wantedMs: number): boolean =>
    pauseMs >= wantedMs * 0.75 && pauseMs <= wantedMs * 1.25
  for (const wantedMs of [100, 200, 350, 350]) {
    expect(isNear(backoff.next(), wantedMs)).toBe(true)
  }
  backoff.reset()
  expect(isNear(backoff.next(), 100)).toBe(true)
})
