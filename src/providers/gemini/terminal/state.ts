import type { DecoderState, ErrorClass } from '../../contract.ts'
import type { Typed } from '../../terminal/typed.ts'

/** What is remembered of a Gemini CLI at a terminal. */
export interface GeminiState extends DecoderState {
  terminal: true
  isReady: boolean
  /** It told that it is up: its prompt takes keys a while later, ms. */
  up: { at: number; waitMs: number } | null
  /** It wrote into its session since it was started. */
  hasWritten: boolean
  session: string | null
  /** The session's file. */
  transcript: string | null
  /** Lines of it of before this are of the past, Unix ms. */
  since: number
  /** Messages that were typed and not taken yet, oldest first. */
  typed: Typed[]
  turn: GeminiTurn | null
  isMidLine: boolean
}

export interface GeminiTurn {
  /** null: a person typed it. */
  message: string | null
  startedAt: number
  /** It was told that it is over, and what else belongs to it comes within a while, ms; null: it goes on. */
  over: { at: number; waitMs: number } | null
  /** As the hook tells it, its pieces set apart. */
  told: string
  /** What the model said last. */
  reply: string
  isCancelled: boolean
  failure: { class: ErrorClass; message: string; retryAt: number | null } | null
  /** What each answer of the model used. */
  tokens: Record<string, Tokens>
  model: string | null
  /** Answers and tools that were told. */
  known: string[]
}

export interface Tokens {
  input: number
  output: number
  cached: number
  thoughts: number
}

export function createGeminiState(): GeminiState {
  return {
    terminal: true,
    isReady: false,
    up: null,
    hasWritten: false,
    session: null,
    transcript: null,
    since: 0,
    typed: [],
    turn: null,
    isMidLine: false,
  }
}
