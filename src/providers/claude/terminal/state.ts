import type { Tokens } from '../read-cost.ts'
import type { DecoderState } from '../../contract.ts'

/** What the decoder of Claude Code at a terminal remembers between two lines. */
export interface TerminalState extends DecoderState {
  session: string | null
  /** Reads keys: said so, or not, since it began a session at this time, Unix ms. */
  isReady: boolean
  startedAt: number | null
  /** Messages that it was given and has not begun, oldest first. */
  given: GivenMessage[]
  turn: Turn | null
  /** What it waits for; `print` is that of the tool's input. */
  questions: { id: string; tool: string; print: string }[]
  /** Tools that were called and have no result. */
  calls: { id: string; tool: string; print: string }[]
  /** The names of the turns that ended last: what a hook tells of them late counts no more. */
  past: string[]
  /** The model that answered last. */
  model: string | null
  /** The turn said something that did not end its line. */
  isMidLine: boolean
  /** Jobs beside its turns, as it told last. */
  background: number
}

export interface GivenMessage {
  id: string
  print: Print
  isSteering: boolean
  /** When it was typed, Unix ms. */
  at: number
  /** How often Enter was pressed again. */
  tries: number
  /** It was taken from the input box; begun it is not yet. */
  isSubmitted: boolean
  /** Its text, while it is not typed: a question stands in its way. */
  held: string | null
}

/** Knows a text again, however it was changed on its way by an input box. */
export interface Print {
  /** SHA-256 of its visible characters. */
  digest: string
  /** Number of these. */
  length: number
}

export interface Turn {
  /** The messages that are in it; none where a person typed it. */
  messages: string[]
  /** What it said last, of one message of the model. */
  reply: string
  /** That message's id. */
  replyOf: string | null
  /** Tokens by the id of the model's message: each of its lines tells them again. */
  tokens: Record<string, Tokens>
  /** Why it failed, and what the error's class follows from. */
  failure: { text: string; status: number | null; code: string | null } | null
  /** It is over though its transcript does not say so: since when, Unix ms, and for how long that is waited for. */
  over: { at: number; ms: number } | null
  /** A person ended it, so far as is known. */
  isBrokenOff: boolean
  /** The program's own name of it, which its hooks tell, too. */
  promptId: string | null
  /** Tools that have a result, and of which no question was told: that may come late. */
  settled: { tool: string; print: string }[]
  /** When it began, Unix ms, by the clock of the program; null where it did not say. */
  begunAt: number | null
}

/** The state a decoder begins with, or goes on with: what an older Drover left lacks the newer fields. */
export function createTerminalState(saved: DecoderState | null = null): TerminalState {
  return {
    session: null,
    isReady: false,
    startedAt: null,
    given: [],
    turn: null,
    questions: [],
    calls: [],
    past: [],
    model: null,
    isMidLine: false,
    background: 0,
    ...saved,
  }
}
