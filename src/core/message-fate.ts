import type { ErrorClass } from '../schema/error-class.ts'
import type { ReceiptState } from '../schema/message.ts'

/** The end of the run that had a message. */
export interface RunOutcome {
  status: 'exited' | 'failed' | 'stopped' | 'lost'
  /** Its program never ran, so it can have seen nothing. */
  isUnstarted: boolean
  /** Its program could not be brought up, or was never ready for a message. */
  isGivenUp: boolean
  /** The machine went down under it, or had no room for it. */
  isMachineFault: boolean
  errorClass: ErrorClass | null
  /** Its provider says when a message is taken. */
  tellsTaken: boolean
}

export interface UnfinishedMessage {
  state: ReceiptState
  /** Runs that ended without having taken it, so far. */
  tries: number
  /** The initial prompt of a session: the next fresh session has its own. */
  isSeed: boolean
}

/** What becomes of a message. `failed` and `dead` are final; `again`: the next run is given it. */
export type MessageFate =
  | { fate: 'failed'; why: 'its turn was not over' | 'it could not be brought up' }
  | {
      fate: 'dead' | 'again'
      why: 'it did not take it' | 'it could not be brought up'
      tries: number
    }

/**
 * A message that the program may have acted on fails: another run would act on it again. One that it
 * did not take is given to the next run, so many times. One that it can't have seen waits.
 */
export function messageFate(
  { state, tries, isSeed }: UnfinishedMessage,
  run: RunOutcome,
  mostTries: number,
): MessageFate {
  const isSeen = !run.isUnstarted && (state === 'delivered' || state === 'accepted')
  // Of a run that left no record nobody knows what it took.
  const isInDoubt = !run.tellsTaken || run.status === 'lost'
  if (isSeed || (isSeen && (state === 'accepted' || isInDoubt))) {
    return { fate: 'failed', why: 'its turn was not over' }
  }
  const why = isSeen ? 'it did not take it' : 'it could not be brought up'
  if (run.isGivenUp && run.errorClass === 'config') {
    return { fate: 'failed', why: 'it could not be brought up' }
  }
  const isTry = (isSeen || run.isGivenUp) && run.status !== 'stopped' && !run.isMachineFault
  const sum = tries + (isTry ? 1 : 0)
  return { fate: isTry && sum >= mostTries ? 'dead' : 'again', why, tries: sum }
}
