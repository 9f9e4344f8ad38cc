import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Asks until the answer is yes, with growing pauses from 1 ms to 50 ms, for things the system has
 * no event for. Resolves to false at the deadline; rejects when the signal aborts.
 */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  { deadlineMs, signal }: { deadlineMs: number; signal?: AbortSignal | undefined },
): Promise<boolean> {
  const end = performance.now() + deadlineMs
  let pauseMs = 1
  while (!(await condition())) {
    if (performance.now() >= end) {
      return false
    }
    await sleep(pauseMs, undefined, signal ? { signal } : {})
    pauseMs = Math.min(pauseMs * 1.5, 50)
  }
  return true
}
