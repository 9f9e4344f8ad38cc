/**
 * Loaded into a daemon ahead of everything (`node --import`): its clock is the system's plus what
 * the file named by CHAOS_CLOCK holds, ms. Timers go on as they are, as with a real clock that is set.
 */
import { readFileSync } from 'node:fs'

const file = process.env['CHAOS_CLOCK']
const RealDate = Date
const realNow = Date.now

function shiftedNow(): number {
  return realNow() + (file ? Number(readFileSync(file, 'utf8')) : 0)
}

class ShiftedDate extends RealDate {
  static override now = shiftedNow

  constructor(...values: unknown[]) {
    super(...((values.length === 0 ? [shiftedNow()] : values) as [number]))
  }
}

globalThis.Date = ShiftedDate as DateConstructor
