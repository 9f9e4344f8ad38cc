import type { ErrorClass } from '../contract.ts'

/**
 * The runner protocol: one JSON object a line on the stdin and stdout of an agent program.
 *
 * The program prints `ready` once, then takes queries one at a time, in order; each is answered by
 * `agent_started`, any number of `agent_event`, and one `agent_stopped`. A query given while
 * another is worked on waits. End of input, or `stop`, ends the program after the turn it is in.
 * Fields may be added; a reader skips what it does not know.
 */
export const runnerProtocolVersion = 1

/** What the program reads. */
export type RunnerInput =
  | { type: 'query'; id: string; text: string; from: string }
  | { type: 'stop' }
  | { type: 'ping' }

/** What the program prints. `id` is always the id of a query. */
export type RunnerOutput =
  /** Ready for queries. `session` is the conversation's id, which a later run can resume. */
  | { type: 'ready'; protocol: number; session?: string }
  | { type: 'pong' }
  /** The query was taken; its turn begins. */
  | { type: 'agent_started'; id: string }
  /** Something happened in a turn; `id` is null for what belongs to no turn. */
  | { type: 'agent_event'; id: string | null; event: RunnerEvent }
  | AgentStopped
  /** A failure outside a turn; with an `id`, it ends that turn as failed. */
  | { type: 'agent_error'; id?: string; class: ErrorClass; message: string }

/** The end of a turn. */
export interface AgentStopped {
  type: 'agent_stopped'
  id: string
  /** All text of the turn. A program that printed no `text` event is quoted from here. */
  reply: string
  /** Tokens; null is unmeasured. The parts may be left out. */
  usage: {
    input_tokens: number | null
    output_tokens: number | null
    /** Part of the input. */
    cached_input_tokens?: number | null
    /** Part of the output. */
    reasoning_tokens?: number | null
  }
  /** What answered; with tokens and no money, it says what they cost. */
  model?: string | null
  /** US dollars; null is unmeasured. */
  cost_usd: number | null
  duration_ms: number
  error: RunnerError | null
}

export interface RunnerError {
  class: ErrorClass
  message: string
  /** When it may be tried again, Unix ms, where that is known. */
  until?: number
}

export type RunnerEvent =
  /** Additive: the texts of a turn in order are its reply. */
  | { type: 'text'; text: string }
  | { type: 'thinking'; text: string }
  | { type: 'tool_call'; id: string; name: string; input: unknown }
  | { type: 'tool_result'; id: string; output: string; is_error: boolean }
  | { type: 'status'; status: string; detail?: string }
  | { type: 'error'; class: ErrorClass; message: string }

/** One line with its newline; the same value always gives the same bytes. */
export function encodeRunnerLine(value: RunnerInput | RunnerOutput): string {
  return `${JSON.stringify(value)}\n`
}

/** A line of input, or null when it is not one: such a line is answered by `agent_error`, not by an end. */
export function parseRunnerInput(line: string): RunnerInput | null {
  const value = parseObject(line)
  if (value?.['type'] === 'stop' || value?.['type'] === 'ping') {
    return { type: value['type'] }
  }
  const { type, id, text, from } = value ?? {}
  if (type !== 'query' || typeof id !== 'string' || typeof text !== 'string') {
    return null
  }
  return { type, id, text, from: typeof from === 'string' ? from : 'user' }
}

/** The JSON object of a line; null for anything else. */
export function parseObject(line: string): Record<string, unknown> | null {
  if (!line.trimStart().startsWith('{')) {
    return null
  }
  try {
    const value: unknown = JSON.parse(line)
    return isRecord(value) ? value : null
  } catch {
    return null
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
