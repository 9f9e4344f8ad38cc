import type { Cost } from '../../../schema/agent.ts'
import { classifyError } from '../../classify-error.ts'
import type { ProviderEvent } from '../../contract.ts'
import { releaseHook } from './encode.ts'
import { isPrintOf } from './print.ts'
import type { GivenMessage, TerminalState, Turn } from './state.ts'

/** Where events go, and when it is, Unix ms. */
export interface Telling {
  events: ProviderEvent[]
  now: number
}

/** The message that was typed in and says just this. */
export function findGiven(state: TerminalState, text: string): GivenMessage | undefined {
  return state.given.find(({ print }) => isPrintOf(print, text))
}

/** A turn begins, with one of our messages or with what a person typed. One before it is over by that. */
export function beginTurn(state: TerminalState, message: GivenMessage | null, told: Telling): Turn {
  if (state.turn) {
    endTurn(state, {}, told)
  }
  const turn: Turn = {
    messages: [],
    reply: '',
    replyOf: null,
    tokens: {},
    failure: null,
    over: null,
    isBrokenOff: false,
    promptId: null,
    settled: [],
    begunAt: null,
  }
  state.turn = turn
  if (message) {
    acceptInto(state, turn, message, told)
  }
  told.events.push({ type: 'turn.started', message: message?.id ?? null })
  return turn
}

/** One of our messages is in the turn: as its first, or since it joined. */
export function acceptInto(
  state: TerminalState,
  turn: Turn,
  message: GivenMessage,
  { events }: Telling,
): void {
  const hasJoined = state.turn?.messages.length !== 0 || turn.replyOf !== null
  state.given = state.given.filter((each) => each !== message)
  turn.messages.push(message.id)
  const isTold = hasJoined || message.isSteering
  events.push({ type: 'accepted', message: message.id, ...(isTold ? { joined: hasJoined } : {}) })
}

/** It is over by its own word, was ended by a person, or broke. */
export function endTurn(
  state: TerminalState,
  end: { durationMs?: number | null; isInterrupted?: boolean },
  { events, now }: Telling,
): void {
  const { turn } = state
  if (!turn) {
    return
  }
  closeQuestions(state, events, () => true)
  const { failure } = turn
  const isInterrupted = end.isInterrupted === true || turn.isBrokenOff
  const error = isInterrupted ? 'interrupted' : (failure?.text ?? null)
  if (failure && !isInterrupted) {
    const found = classifyError(failure, now)
    events.push({ type: 'error', ...found, message: failure.text })
    // A plan that is used up until a known time: nothing goes before.
    if (found.class === 'rate_limit' && found.retryAt !== null && isPlan.test(failure.text)) {
      events.push({
        type: 'limited',
        until: found.retryAt,
        cause: "Claude's rate limit is reached",
      })
    }
  }
  const shared = {
    type: 'turn.ended',
    reply: error === null ? turn.reply : '',
    error,
    model: state.model,
    durationMs: end.durationMs ?? null,
  } as const
  const [first = null, ...joined] = turn.messages
  events.push({ ...shared, message: first, cost: costOf(turn) })
  for (const message of joined) {
    events.push({ ...shared, message, cost: { usd: 0, inputTokens: 0, outputTokens: 0 } })
  }
  // What waited for its end has all of its time from now on.
  state.given = state.given.map((message) => ({ ...message, at: now }))
  if (turn.promptId !== null) {
    state.past = [...state.past, turn.promptId].slice(-keptPast)
  }
  state.turn = null
  state.calls = []
  state.isMidLine = false
}

/** So many turns are known after their end. */
const keptPast = 16

const isPlan = /(?:usage|session|weekly|\b\d+-hour) limit|limit reached/i

/** Tokens of all its answers. Of dollars nothing is told, so they follow from the model's price. */
function costOf({ tokens, failure }: Turn): Cost {
  const all = Object.values(tokens)
  if (all.length === 0) {
    // A request that failed cost nothing; of one that was broken off nobody knows.
    return failure
      ? { usd: 0, inputTokens: 0, outputTokens: 0 }
      : { usd: null, inputTokens: null, outputTokens: null }
  }
  const sum = (name: keyof (typeof all)[number]): number =>
    all.reduce((total, each) => total + (each[name] ?? 0), 0)
  return {
    usd: null,
    inputTokens: sum('inputTokens'),
    outputTokens: sum('outputTokens'),
    cachedInputTokens: sum('cachedInputTokens'),
    reasoningTokens: sum('reasoningTokens'),
  }
}

/** What fits waits no more, and was not answered by us: their hooks are let go. */
export function closeQuestions(
  state: TerminalState,
  events: ProviderEvent[],
  fits: (question: TerminalState['questions'][number]) => boolean,
): void {
  for (const { id } of state.questions.filter(fits)) {
    events.push({ type: 'question.closed', id }, { type: 'input', text: releaseHook(id) })
  }
  state.questions = state.questions.filter((question) => !fits(question))
}
