import { unmeasured, type ProviderEvent } from '../../contract.ts'
import type { GeminiState, GeminiTurn } from './state.ts'

export interface Reading {
  /** Unix ms. */
  now: number
  events: ProviderEvent[]
}

/** When the turn ends, Unix ms; null: nobody said that it is over. */
export function turnDueAt({ turn }: GeminiState, now: number): number | null {
  return turn?.over ? Math.min(turn.over.at, now) + turn.over.waitMs : null
}

/** It was told that the turn is over. */
export function noteOver(turn: GeminiTurn, now: number, waitMs: number): void {
  turn.over = { at: now, waitMs }
}

export function beginTurn(
  state: GeminiState,
  message: string | null,
  { now, events }: Reading,
): void {
  state.turn = {
    message,
    startedAt: now,
    over: null,
    told: '',
    reply: '',
    isCancelled: false,
    failure: null,
    tokens: {},
    model: null,
    known: [],
  }
  state.isMidLine = false
  if (message !== null) {
    events.push({ type: 'accepted', message })
  }
  events.push({ type: 'turn.started', message })
}

export function endTurn(state: GeminiState, { now, events }: Reading): void {
  const { turn } = state
  if (!turn) {
    return
  }
  const { message, failure, isCancelled, startedAt, model } = turn
  state.turn = null
  if (isCancelled) {
    events.push({ type: 'status', status: 'interrupted' })
  } else if (failure) {
    events.push({ type: 'error', ...failure })
  }
  const error = isCancelled ? 'interrupted' : (failure?.message ?? null)
  events.push({
    type: 'turn.ended',
    message,
    reply: error === null ? turn.reply || turn.told : '',
    error,
    cost: costOf(turn),
    model,
    durationMs: Math.max(0, now - startedAt),
  })
}

/** Tokens of all answers of the model; Gemini tells no money. */
function costOf({ tokens }: GeminiTurn): typeof unmeasured {
  const all = Object.values(tokens)
  const sum = (count: (one: (typeof all)[number]) => number): number =>
    all.reduce((total, one) => total + count(one), 0)
  return all.length === 0
    ? unmeasured
    : {
        usd: null,
        inputTokens: sum(({ input }) => input),
        outputTokens: sum(({ output, thoughts }) => output + thoughts),
        cachedInputTokens: sum(({ cached }) => cached),
        reasoningTokens: sum(({ thoughts }) => thoughts),
      }
}
