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
  protocol: 'app-server' | 'terminal'
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

/**
 * State for a run that goes on with the session of an earlier one, however either is talked to: what
 * was counted is known.
 */
export function carryState(previous: DecoderState): CodexState {
  const { totals = [], thread } = previous as Partial<Pick<CodexState, 'totals' | 'thread'>>
  const { session, total } = previous as { session?: string; total?: Tokens | null }
  return {
    ...createState(),
    totals:
      previous['protocol'] === 'exec'
        ? session && total
          ? [{ thread: session, ...total }]
          : []
        : totals.filter((each) => each.thread === thread),
  }
}

/** State of a run over the app-server's protocol, from its own or from what another run left. */
export function stateFrom(saved: DecoderState | null): CodexState {
  return saved === null || saved['protocol'] === 'app-server'
    ? ((saved as CodexState | null) ?? createState())
    : carryState(saved)
}
