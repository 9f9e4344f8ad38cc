import type { Cost } from '../../../schema/agent.ts'
import { unmeasured, type ProviderEvent } from '../../contract.ts'
import type { OpencodeState, OpencodeTurn } from './state.ts'

export interface Reading {
  /** Unix ms. */
  now: number
  events: ProviderEvent[]
}

/** Somebody said something: it begins a turn, or is taken into the one under way. */
export function takeText(
  state: OpencodeState,
  message: string | null,
  { now, events }: Reading,
): void {
  const isNew = state.turn === null
  state.turn ??= {
    messages: [],
    startedAt: now,
    isCancelled: false,
    isAborting: false,
    failure: null,
    costs: {},
    model: null,
    reply: '',
    answers: [],
    known: [],
  }
  if (message !== null) {
    state.turn.messages.push(message)
    state.given = state.given.filter((each) => each !== message)
    events.push({ type: 'accepted', message })
  }
  if (isNew) {
    state.isMidLine = false
    events.push({ type: 'turn.started', message })
  }
}

/** One end is the end of every message that was in the turn; the first bears its cost. */
export function endTurn(state: OpencodeState, { now, events }: Reading): void {
  const { turn } = state
  if (!turn) {
    return
  }
  state.turn = null
  closeQuestions(state, events)
  const isCancelled = turn.isCancelled || (turn.isAborting && turn.reply === '')
  if (isCancelled) {
    events.push({ type: 'status', status: 'interrupted' })
  } else if (turn.failure) {
    events.push({ type: 'error', ...turn.failure })
  }
  const error = isCancelled ? 'interrupted' : (turn.failure?.message ?? null)
  const messages = turn.messages.length > 0 ? turn.messages : [null]
  for (const [index, message] of messages.entries()) {
    events.push({
      type: 'turn.ended',
      message,
      reply: error === null ? turn.reply : '',
      error,
      cost: index === 0 ? costOf(turn) : nothing,
      model: turn.model,
      durationMs: Math.max(0, now - turn.startedAt),
    })
  }
}

function closeQuestions(state: OpencodeState, events: ProviderEvent[]): void {
  state.questions.forEach((id) => events.push({ type: 'question.closed', id }))
  state.questions = []
}

const nothing: Cost = { usd: null, inputTokens: 0, outputTokens: 0 }

/** Of a model without a price OpenCode says that it costs nothing: that is no price. */
function costOf({ costs }: OpencodeTurn): Cost {
  const all = Object.values(costs)
  const sum = (count: (one: (typeof all)[number]) => number): number =>
    all.reduce((total, one) => total + count(one), 0)
  return all.length === 0
    ? unmeasured
    : {
        usd: sum(({ usd }) => usd) || null,
        inputTokens: sum(({ input }) => input),
        outputTokens: sum(({ output }) => output),
        cachedInputTokens: sum(({ cached }) => cached),
        reasoningTokens: sum(({ reasoning }) => reasoning),
      }
}
