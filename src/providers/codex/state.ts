import type { DecoderState, ProviderEvent } from '../contract.ts'
import type { Tokens } from './usage.ts'
import type { Fields } from './wire.ts'

/** Where what a line says goes to. */
export interface Reading {
  /** Unix ms. */
  now: number
  events: ProviderEvent[]
}

/** What is remembered of a run that speaks the app-server protocol. */
export interface CodexState extends DecoderState {
  protocol: 'app-server'
  thread: string | null
  model: string | null
  effort: string | null
  /** The turn under way. */
  turn: string | null
  /** The turn that ended last. */
  ended: string | null
  /** Messages in its input whose turn is not over, oldest first; `turn` once it said that it took them. */
  open: { id: string; turn: string | null; isSteering: boolean }[]
  /** What it said last in this turn, whole. */
  reply: string
  /** The item that is being said in pieces. */
  speaking: string | null
  /** The turn said something that did not end its line. */
  isMidLine: boolean
  /** Tools at work; `changes` is their input as JSON, where a question will need it. */
  tools: { id: string; name: string; changes: string | null }[]
  questions: { id: string; turn: string }[]
  /** Tokens of each thread so far, as the program sums them. */
  totals: ({ thread: string } & Tokens)[]
  /** Tokens of the turn under way; null: it did not say. */
  spent: Tokens | null
  /** The error that ends the turn under way, as it came. */
  failure: Fields | null
  /** How much of the account's limits is used, as it was told last. */
  used: string | null
  /** When a limit of the account that is used up is over, Unix ms. */
  limitedUntil: number | null
}

export function createState(): CodexState {
  return {
    protocol: 'app-server',
    thread: null,
    model: null,
    effort: null,
    turn: null,
    ended: null,
    open: [],
    reply: '',
    speaking: null,
    isMidLine: false,
    tools: [],
    questions: [],
    totals: [],
    spent: null,
    failure: null,
    used: null,
    limitedUntil: null,
  }
}

/** State for a run that goes on with the session of an earlier one: what was counted is known. */
export function carryState(previous: CodexState): CodexState {
  return {
    ...createState(),
    totals: previous.totals.filter(({ thread }) => thread === previous.thread),
  }
}
