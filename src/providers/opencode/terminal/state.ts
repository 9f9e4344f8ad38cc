import type { DecoderState, ErrorClass } from '../../contract.ts'

/** What is remembered of an OpenCode at a terminal. */
export interface OpencodeState extends DecoderState {
  terminal: true
  session: string | null
  /** Sessions of agents that it started for the session: what they ask and cost is the turn's. */
  children: string[]
  turn: OpencodeTurn | null
  /** Messages that were handed over and not taken yet, oldest first. */
  given: string[]
  /** Questions that nobody answered yet. */
  questions: string[]
  /** What the whole session cost, US dollars; null: it did not say. */
  totalUsd: number | null
  isMidLine: boolean
}

export interface OpencodeTurn {
  /** Messages in it; none: a person's. */
  messages: string[]
  startedAt: number
  isCancelled: boolean
  /** It is told to end; before the model said anything nothing else tells that it was. */
  isAborting: boolean
  failure: { class: ErrorClass; message: string; retryAt: number | null } | null
  /** What each answer of the model used. */
  costs: Record<string, Spent>
  model: string | null
  reply: string
  /** Messages of the model, by which its parts are told from those of others. */
  answers: string[]
  /** Parts and states of tools that were told. */
  known: string[]
}

export interface Spent {
  usd: number
  input: number
  output: number
  cached: number
  reasoning: number
}

export function createOpencodeState(): OpencodeState {
  return {
    terminal: true,
    session: null,
    children: [],
    turn: null,
    given: [],
    questions: [],
    totalUsd: null,
    isMidLine: false,
  }
}
