import { randomFillSync } from 'node:crypto'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

const chanceBytes = 12

/** Chance for many ids: to ask the system for it takes longer than all else of an id. */
const pool = Buffer.alloc(256 * chanceBytes)
let used = pool.length

/**
 * A new id: prefix, 10 characters of time (ms) and 12 of chance, in Crockford's base 32. Ids of one
 * prefix sort by the time they were made. Example: `run_01kb3v7w1qh2m5n8p0r4s7`.
 */
export function createId(prefix: string): string {
  let time = Date.now()
  let text = ''
  for (let index = 0; index < 10; index++) {
    text = alphabet.charAt(time % 32) + text
    time = Math.floor(time / 32)
  }
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  for (const byte of pool.subarray(used, (used += chanceBytes))) {
    text += alphabet.charAt(byte % 32)
  }
  return `${prefix}_${text}`
}

/** When an id was made, Unix ms; null for what is none. */
export function timeOfId(id: string): number | null {
  const [, time] = /_([0-9a-hjkmnp-tv-z]{10})[0-9a-hjkmnp-tv-z]{12}$/.exec(id) ?? []
  if (time === undefined) {
    return null
  }
  return Array.from(time).reduce((sum, digit) => sum * 32 + alphabet.indexOf(digit), 0)
}
