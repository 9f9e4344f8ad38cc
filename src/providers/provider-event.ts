import type { Cost } from '../schema/agent.ts'
import type { ErrorClass } from '../schema/error-class.ts'

/** What a program said, normalised. */
export type ProviderEvent =
  /** Ready for its first message. */
  | { type: 'ready' }
  /** To be put into its input at once. */
  | { type: 'input'; text: string }
  /** Its own transcript is there; read from the offset on, bytes. */
  | { type: 'transcript'; file: string; offset: number }
  /** It lives and can't be talked to: its session is gone, say. The run is ended as failed. */
  | { type: 'unusable'; class: ErrorClass; message: string; retryAt?: number | null }
  /**
   * It waits for a person: may it use this tool? `title` says what in a line, `reason` why, where it
   * says so. `id` is unique in the run. `reply` is what the provider needs for its answer, plain JSON.
   */
  | {
      type: 'question'
      id: string
      tool: string
      input: unknown
      title: string
      reason: string | null
      reply: unknown
    }
  /** It waits no more, though nobody answered. */
  | { type: 'question.closed'; id: string }
  /** The conversation's id; a later run can resume it. */
  | { type: 'session'; session: string }
  /** The program itself says that it took the message; `joined`: into the turn that was under way. */
  | { type: 'accepted'; message: string; joined?: boolean }
  | { type: 'turn.started'; message: string | null }
  /** Additive: all texts in order are what was said. */
  | { type: 'text'; text: string }
  | { type: 'thinking'; text: string }
  | { type: 'tool.call'; id: string; name: string; input: unknown }
  | { type: 'tool.result'; id: string; output: string; isError: boolean }
  | {
      type: 'turn.ended'
      message: string | null
      reply: string
      error: string | null
      /**
       * Of this turn alone. A program that tells sums is believed by their growth, whatever that is:
       * what is negative or no number becomes unmeasured, and is told, by the daemon.
       */
      cost: Cost
      /** The model that answered, as the program names it, where it says so; it says what tokens cost. */
      model?: string | null
      durationMs: number | null
    }
  | { type: 'status'; status: string; detail?: string }
  /** `retryAt`: not before, Unix ms, where that is known; see `classify-error.ts`. */
  | { type: 'error'; class: ErrorClass; message: string; retryAt?: number | null }
  /** It can't go on before a known time, Unix ms. */
  | { type: 'limited'; until: number; cause: string }
  /** It works on so many jobs beside its turns. */
  | { type: 'background'; jobs: number }
  /** Not understood: lines of stderr, or not the provider's format. */
  | { type: 'output'; stream: 'out' | 'err'; text: string }
