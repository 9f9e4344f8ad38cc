/** Told at most, for each agent in `windowMs`; the same place once. */
const mostTold = 10
const windowMs = 60_000

/** What was told of refusals in the last while, by agent. Plain data, in memory only. */
export interface RefusalWindow {
  /** Unix ms. */
  since: number
  told: readonly string[]
  /** Refusals that were not told. */
  untold: number
}

/**
 * Whether a refusal is told of, or only counted: a program may ask for the same host without end. The
 * first that is told in a new window says how many were not in the one before.
 */
export function boundRefusal(
  before: RefusalWindow | undefined,
  place: string,
  now: number,
): { isTold: boolean; untold: number; window: RefusalWindow } {
  const isNew = !before || now - before.since >= windowMs || now < before.since
  if (isNew) {
    const untold = before?.untold ?? 0
    return { isTold: true, untold, window: { since: now, told: [place], untold: 0 } }
  }
  if (before.told.includes(place) || before.told.length >= mostTold) {
    return { isTold: false, untold: 0, window: { ...before, untold: before.untold + 1 } }
  }
  return { isTold: true, untold: 0, window: { ...before, told: [...before.told, place] } }
}
