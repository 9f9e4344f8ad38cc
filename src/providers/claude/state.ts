import type { CarriedFrom, DecoderState } from '../contract.ts'

/** What the decoder of Claude Code remembers between two lines. */
export interface ClaudeState extends DecoderState {
  /** Messages in its input without a result, oldest first. */
  open: { id: string; isAccepted: boolean; isSteering?: boolean }[]
  session: string | null
  /** Dollars of the whole session so far: the program reports sums. null: they are not known. */
  totalUsd: number | null
  /** The model's message whose text came in pieces, so its whole is not said again. */
  streamedMessage: string | null
  /** The turn said something that did not end its line. */
  isMidLine: boolean
  hasTurn: boolean
  /** Turns begun, so that each order has an id of its own. */
  turns: number
  /** The model that answered last. */
  model: string | null
  /** What it waits for; `isOfTurn`: its turn can't end before it is answered or taken back. */
  questions: { id: string; toolUse: string | null; isOfTurn: boolean }[]
}

/** The state a decoder begins with, or goes on with: what an older Drover left lacks the newer fields. */
export function createClaudeState(saved: DecoderState | null = null): ClaudeState {
  return {
    open: [],
    session: null,
    totalUsd: 0,
    streamedMessage: null,
    isMidLine: false,
    hasTurn: false,
    turns: 0,
    model: null,
    questions: [],
    ...saved,
  }
}

/**
 * State for a run that goes on with the session of an earlier one, or with a copy: sums go on, too.
 * They have in them what the session cost at a terminal, where no sum is told.
 */
export function carryClaudeState(previous: DecoderState, from: CarriedFrom): DecoderState {
  const { totalUsd } = createClaudeState(previous)
  return { ...createClaudeState(), totalUsd: from === 'same' ? totalUsd : null }
}
