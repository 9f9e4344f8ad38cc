/** Longest time that an agent sleeps on after its limit is over, ms: not all come back at once. */
const mostJitterMs = 60_000

/** A limit that is over sooner is not worth a sleep, ms. */
const leastMs = 1000

/** Whether an agent sleeps until a limit is over. */
export function isWorthParking(resetAt: number, now: number): boolean {
  return resetAt - now >= leastMs
}

/** When a parked agent wakes: after the reset, later by a random part of the wait. Unix ms. */
export function parkedUntil(resetAt: number, now: number, random: number): number {
  return resetAt + Math.floor(random * Math.min(mostJitterMs, Math.max(0, resetAt - now) / 10))
}
