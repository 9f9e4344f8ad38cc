import { unmeasured, type ProviderEvent } from '../contract.ts'
import type { Cost } from '../../schema/agent.ts'
import { isRecord } from './protocol.ts'
import { asNumber, asText, readCost, readError, readEvent, readModel } from './read-fields.ts'
import { closeQuestions } from './runner-questions.ts'
import type { RunnerState } from './runner-state.ts'

/** Text kept of a turn for a program that leaves `reply` out, characters. */
const keptReplyLength = 64 * 1024

/** What the end of a turn that was interrupted says. */
export const interruptedCause = 'interrupted'

/** A program does one turn at a time: a start without the end of the one before ends that one. */
export function startTurn(state: RunnerState, id: string | null, now: number): ProviderEvent[] {
  if (state.turn && state.turn.message === id) {
    return []
  }
  const events = endOpenTurn(state, 'The program began another turn without ending this one.', now)
  const message = takeWaiting(state, id) ?? takeFirst(state, id)
  state.turn = { message, joined: [], startedAt: now, text: '' }
  if (message !== null) {
    const isOwn = forgetSteering(state, message)
    events.push({ type: 'accepted', message, ...(isOwn ? { joined: false } : {}) })
  }
  events.push({ type: 'turn.started', message })
  return events
}

/** A message that is taken into the turn under way; without one it begins a turn. */
export function joinTurn(state: RunnerState, id: string | null, now: number): ProviderEvent[] {
  if (!state.turn) {
    return beginIfWaiting(state, id, now)
  }
  const message = takeWaiting(state, id)
  if (message === null) {
    return []
  }
  state.turn.joined.push(message)
  forgetSteering(state, message)
  return [{ type: 'accepted', message, joined: true }]
}

/** Whether it was given into a turn, which is to be asked once. */
function forgetSteering(state: RunnerState, message: string): boolean {
  const wasSteering = state.steering.includes(message)
  state.steering = state.steering.filter((id) => id !== message)
  return wasSteering
}

/** Of a program that mixes up ids, or has none, it is the message given first; not of one that repeats itself. */
function takeFirst(state: RunnerState, id: string | null): string | null {
  return id !== null && id === state.lastEnded ? null : (state.waiting.shift() ?? null)
}

function takeWaiting(state: RunnerState, id: string | null): string | null {
  const place = id === null ? -1 : state.waiting.indexOf(id)
  return place === -1 ? null : (state.waiting.splice(place, 1)[0] ?? null)
}

export function readTurnEvent(
  state: RunnerState,
  value: Record<string, unknown>,
  now: number,
): ProviderEvent[] {
  const event = isRecord(value['event']) ? readEvent(value['event']) : null
  if (!event) {
    return []
  }
  const events = beginIfWaiting(state, asText(value['id']), now)
  if (event.type === 'text' && state.turn) {
    const room = keptReplyLength - state.turn.text.length
    state.turn.text += room > 0 ? event.text.slice(0, room) : ''
  }
  return [...events, event]
}

/** A program may leave `agent_started` out: the first line about a waiting message begins its turn. */
function beginIfWaiting(state: RunnerState, id: string | null, now: number): ProviderEvent[] {
  return id !== null && state.turn?.message !== id && state.waiting.includes(id)
    ? startTurn(state, id, now)
    : []
}

export function stopTurn(
  state: RunnerState,
  value: Record<string, unknown>,
  now: number,
): ProviderEvent[] {
  const id = asText(value['id'])
  if (!state.turn && id !== null && id === state.lastEnded) {
    return []
  }
  const events = beginIfWaiting(state, id, now)
  if (!state.turn) {
    events.push(...startTurn(state, id, now))
  }
  const { startedAt = now, text = '' } = state.turn ?? {}
  const reply = asText(value['reply']) ?? text
  if (text === '' && reply !== '') {
    events.push({ type: 'text', text: reply })
  }
  const isInterrupted = value['interrupted'] === true
  const error = isInterrupted ? null : readError(value['error'])
  if (error) {
    const { until, ...said } = error
    events.push({ type: 'error', ...said, ...(until === undefined ? {} : { retryAt: until }) })
    if (error.until !== undefined) {
      events.push({ type: 'limited', until: error.until, cause: error.message })
    }
  }
  const end = {
    reply,
    error: isInterrupted ? interruptedCause : (error?.message ?? null),
    cost: readCost(value),
    ...readModel(value),
    durationMs: asNumber(value['duration_ms']) ?? now - startedAt,
  }
  return [...events, ...endTurn(state, end)]
}

/** Ends the turn under way, if there is one, with what it said so far. */
export function endOpenTurn(state: RunnerState, error: string, now: number): ProviderEvent[] {
  if (!state.turn) {
    return []
  }
  const { startedAt, text } = state.turn
  return endTurn(state, { reply: text, error, cost: unmeasured, durationMs: now - startedAt })
}

/** The end is that of every message that had joined; the cost is counted once. */
function endTurn(
  state: RunnerState,
  end: Omit<Extract<ProviderEvent, { type: 'turn.ended' }>, 'type' | 'message'>,
): ProviderEvent[] {
  const { message = null, joined = [] } = state.turn ?? {}
  state.turn = null
  state.lastEnded = message
  const share = { ...end, cost: noMore(end.cost) }
  return [
    ...closeQuestions(state),
    { type: 'turn.ended', message, ...end },
    ...joined.map((id): ProviderEvent => ({ type: 'turn.ended', message: id, ...share })),
  ]
}

/** Nothing on top of a cost; what is unmeasured stays so. */
function noMore({ usd, inputTokens, outputTokens }: Cost): Cost {
  const zero = (value: number | null): number | null => (value === null ? null : 0)
  return { usd: zero(usd), inputTokens: zero(inputTokens), outputTokens: zero(outputTokens) }
}
