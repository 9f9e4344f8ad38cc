import { limits } from '../schema/limits.ts'

/** Why guests end, beside what their runtime says. */
export const guestEnds = {
  exited: 'its program ended',
  expired: 'its time was over',
  asked: 'it was ended',
  removed: 'its agent was removed',
  shutdown: 'everything was ended',
} as const

/** What is known of a guest that has not ended. Times are Unix ms. */
export interface GuestView {
  hasHandle: boolean
  /** Its runtime could not be asked. */
  isUnknown: boolean
  /** Somebody has seen what only a look at it can explain. */
  isDoubted: boolean
  /** The record of its program's end is there. */
  hasExited: boolean
  /** It is to end. */
  isEnding: boolean
  expiresAt: number
}

/**
 * - `expire`: note that its time is over.
 * - `end`: bring it down.
 * - `find`: ask its runtime what became of it.
 * - `rest`: nothing is to do before its time is over, or its program ends.
 */
export type GuestStep = 'expire' | 'end' | 'find' | 'rest'

/** What is to do about a guest. Whatever its runtime says, its time is over when it is over. */
export function nextGuestStep(guest: GuestView, now: number): GuestStep {
  if (guest.isEnding) {
    return 'end'
  }
  if (guest.expiresAt <= now) {
    return 'expire'
  }
  const isFound = guest.hasHandle && !guest.isUnknown && !guest.isDoubted && !guest.hasExited
  return isFound ? 'rest' : 'find'
}

/** Times of a guest that has no record, Unix ms. */
export interface LostGuest {
  /** When it was made, where that is known. */
  createdAt: number | null
  seenAt: number
}

/**
 * When a guest without a record goes: nobody knows how long it was to live, so it has the longest
 * time that any may have. A time that lies ahead of the clock counts from when it was seen.
 */
export function lostGuestDueAt({ createdAt, seenAt }: LostGuest): number {
  return Math.min(createdAt ?? seenAt, seenAt) + limits.guest.ttlMs.max
}
