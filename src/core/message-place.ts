import { isFinalReceiptState, type ReceiptState } from '../schema/message.ts'
import type { AgentView, RunView } from './agent-view.ts'
import { wakeGate, type Gate } from './gates.ts'

/** A message, as far as where it is follows from it. */
export interface MessageFacts {
  state: ReceiptState
  /** Why it came to its end. */
  cause: string | null
  /** Given to the run that its agent has now. */
  isGiven: boolean
  /** Its bytes are in the run's input. */
  isWritten: boolean
  /** Runs that ended without having taken it. */
  tries: number
  /** Messages that go before it, where it waits. */
  ahead: number
}

/** Where a message is and what it waits for, in words; `until` where that is a time, Unix ms. */
export interface MessagePlace {
  because: string
  until: number | null
}

/** `openId`: the message that the agent's program has now. */
export function placeMessage(
  message: MessageFacts,
  { view, now, openId }: { view: AgentView; now: number; openId: string | null },
): MessagePlace {
  if (isFinalReceiptState(message.state)) {
    return { because: message.cause ?? message.state, until: null }
  }
  if (message.isGiven && view.run) {
    return { because: placeInRun(message, view.run), until: null }
  }
  const { because, until } = view.run
    ? { because: waitForRun(view, view.run, openId), until: null }
    : waitForWake(view, wakeGate(view, now))
  const parts = [
    because,
    ...(message.ahead > 0 ? [`${message.ahead} before it`] : []),
    ...(message.tries > 0 ? [`not taken ${message.tries} of ${view.lifecycle.tries} times`] : []),
  ]
  return { because: parts.join(', '), until }
}

function placeInRun({ state, isWritten }: MessageFacts, run: RunView): string {
  if (state === 'accepted') {
    return run.turn === 'waiting' ? 'its program asks a person about it' : 'its program works on it'
  }
  if (!isWritten) {
    return "on its way into its program's input"
  }
  if (state !== 'delivered') {
    return 'in the input of its program, which is coming up'
  }
  return `in its program's input, not ${run.hasTurns ? 'taken' : 'answered'} yet`
}

function waitForRun({ open }: AgentView, run: RunView, openId: string | null): string {
  if (run.stopReason) {
    return 'waits for the next run, this one is being ended'
  }
  if (run.suspension !== null) {
    return 'its agent is being woken for it'
  }
  if (run.hasTurns && (run.turn !== 'idle' || open > 0)) {
    return `waits for the turn of ${openId ?? 'another message'}`
  }
  return run.hasHandle ? 'is being given to its program' : 'waits until its program is up'
}

function waitForWake({ unreleased }: AgentView, gate: Gate | null): MessagePlace {
  if (gate?.does === 'wait') {
    return { because: `waits: ${gate.cause}`, until: gate.until }
  }
  if (gate) {
    return { because: 'is being refused', until: null }
  }
  const because =
    unreleased > 0 ? 'waits until the last run is cleared away' : 'its agent is being woken for it'
  return { because, until: null }
}
