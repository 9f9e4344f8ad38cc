import type { ProviderEvent } from '../contract.ts'
import { readFailure } from './failures.ts'
import type { CodexState, Reading } from './state.ts'
import { costOf, noTokens } from './usage.ts'
import { fieldsOf, textOf } from './wire.ts'

/** It took a message: into the turn under way, or as the first of a new one, though it was to join one. */
export function joinTurn(
  state: CodexState,
  turn: string,
  { message, events }: { message: CodexState['open'][number] | null; events: ProviderEvent[] },
): void {
  if (message && message.turn === null) {
    message.turn = turn
    const joined = state.turn === turn || state.ended === turn
    const told = message.isSteering ? { joined } : {}
    events.push({ type: 'accepted', message: message.id, ...told })
  }
  if (turn === state.ended) {
    endLate(state, message, events)
  } else if (state.turn !== turn) {
    state.turn = turn
    state.reply = ''
    state.spent = null
    state.failure = null
    events.push({ type: 'turn.started', message: message?.id ?? null })
  }
}

/** Taken into a turn whose end was told before: what was said to it was said with that. */
function endLate(
  state: CodexState,
  message: CodexState['open'][number] | null,
  events: ProviderEvent[],
): void {
  if (message) {
    state.open = state.open.filter((each) => each !== message)
    const end = { reply: '', error: null, cost: costOf(noTokens), durationMs: null }
    events.push({ type: 'turn.ended', message: message.id, ...end })
  }
}

/**
 * One end is the end of every message that was in the turn; the first bears its cost. What the turn
 * asked is asked no more.
 */
export function endTurn(state: CodexState, params: unknown, { now, events }: Reading): void {
  const turn = fieldsOf(fieldsOf(params)['turn'])
  const id = textOf(turn['id'])
  if (id === '' || state.turn !== id) {
    return
  }
  closeQuestions(state, events, (question) => question.turn === id)
  const error = errorOf(state, turn, { now, events })
  const messages = state.open.filter((message) => message.turn === id).map((message) => message.id)
  const durationMs = typeof turn['durationMs'] === 'number' ? turn['durationMs'] : null
  const { spent, model } = state
  for (const [index, message] of (messages.length > 0 ? messages : [null]).entries()) {
    events.push({
      type: 'turn.ended',
      message,
      reply: error === null ? state.reply : '',
      error,
      cost: costOf(index === 0 ? spent : noTokens),
      model,
      durationMs,
    })
  }
  state.open = state.open.filter((message) => message.turn !== id)
  state.turn = null
  state.ended = id
  state.reply = ''
  state.speaking = null
  state.isMidLine = false
  state.tools = []
  state.spent = null
  state.failure = null
  state.totals = state.totals.filter(({ thread }) => thread === state.thread)
}

/** Why the turn did not come to its end; null: it did. */
function errorOf(
  state: CodexState,
  turn: Record<string, unknown>,
  { now, events }: Reading,
): string | null {
  const status = textOf(turn['status'])
  if (status === 'interrupted') {
    events.push({ type: 'status', status: 'interrupted' })
    return 'interrupted'
  }
  if (status === 'completed') {
    return null
  }
  const failure = readFailure(turn['error'] ?? state.failure, now, state.limitedUntil)
  const { class: errorClass, message, retryAt } = failure
  events.push({ type: 'error', class: errorClass, message, retryAt })
  if (retryAt !== null && retryAt > now && state.limitedUntil === retryAt) {
    events.push({ type: 'limited', until: retryAt, cause: `Codex's limit is reached: ${message}` })
  }
  return message
}

export function closeQuestions(
  state: CodexState,
  events: ProviderEvent[],
  isOver: (question: CodexState['questions'][number]) => boolean,
): void {
  for (const { id } of state.questions.filter(isOver)) {
    events.push({ type: 'question.closed', id })
  }
  state.questions = state.questions.filter((question) => !isOver(question))
}
