import type { Agent } from '../schema/agent.ts'
import type { Message } from '../schema/message.ts'
import { oneLine } from './plain-text.ts'
import { formatClock } from './relative-time.ts'

/** What an agent, or a message for it, waits for. */
export interface Wait {
  cause: string
  /** Unix ms; null where nobody can know. */
  until: number | null | undefined
}

/** `out of quota, until 14:05:00`. */
export function formatWait({ cause, until }: Wait, now: number): string {
  return until === null || until === undefined
    ? oneLine(cause)
    : `${oneLine(cause)}, until ${formatMoment(until, now)}`
}

/** The message is not at its end, and says what it waits for. */
export function isWaiting(message: Message): message is Message & Wait {
  return message.cause !== null && ['stored', 'waking', 'delivered'].includes(message.state)
}

/** Why an agent is as it is, and until when; empty where there is nothing to say. */
export function formatCause({ cause, waiting }: Agent, now: number): string {
  // A daemon from before agents waited tells of none.
  return waiting ? formatWait(waiting, now) : oneLine(cause ?? '')
}

/** Local time: `14:05:00`; with its date where that is not today's. */
function formatMoment(at: number, now: number): string {
  const [date, today] = [new Date(at), new Date(now)]
  if (date.toDateString() === today.toDateString()) {
    return formatClock(at)
  }
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-')
  return `${day} ${formatClock(at)}`
}
