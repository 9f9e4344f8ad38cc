/**
 * Chance from a seed: the same seed gives the same choices, in the same order. `fork` begins a
 * stream of its own, so that one agent's choices do not shift another's.
 */
export class Random {
  readonly seed: number
  #state: number

  constructor(seed: number) {
    this.seed = seed >>> 0
    this.#state = this.seed
  }

  /** A stream that depends on this one's seed and the label alone. */
  fork(label: string): Random {
    let hash = this.seed ^ 0x811c9dc5
    for (const character of label) {
      hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
    }
    return new Random(hash)
  }

  /** From 0 up to, not including, 1. Source: mulberry32 by Tommy Ettinger, public domain. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number, both ends included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(from: readonly [T, ...T[]] | readonly T[]): T {
    const chosen = from[this.int(0, from.length - 1)]
    if (chosen === undefined) {
      throw new Error('There is nothing to choose from.')
    }
    return chosen
  }

  /** One of them, the heavier the likelier. */
  weighted<T extends { weight: number }>(from: readonly T[]): T {
    let left = this.next() * from.reduce((sum, { weight }) => sum + weight, 0)
    return from.find(({ weight }) => (left -= weight) < 0) ?? this.pick(from)
  }
}
