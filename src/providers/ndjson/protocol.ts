import type { ErrorClass } from '../contract.ts'

/**
 * The runner protocol: one JSON object a line on the stdin and stdout of an agent program.
 *
 * The program prints `ready` once, then takes queries one at a time, in order; each is answered by
 * `agent_started`, any number of `agent_event`, and one `agent_stopped`. A query given while
 * another is worked on waits. End of input, or `stop`, ends the program after the turn it is in.
 * What it can beyond that it says in `can`, and only that is asked of it. Fields and types may be
 * added; a reader skips what it does not know.
 */
export const runnerProtocolVersion = 1

/**
 * What a program may say that it can: end its turn on `interrupt`; take a query with `steer` into
 * the turn it is in; change by `set_model`, `set_persona`, `set_trigger`, and take these at its
 * start; go on with the session named by DROVER_SESSION.
 */
export const runnerClaims = ['interrupt', 'steer', 'model', 'persona', 'trigger', 'resume'] as const
export type RunnerClaim = (typeof runnerClaims)[number]

/** What the program reads. */
export type RunnerInput =
  /** `steer`: it may join the turn under way; a program that can't lets it wait like any other. */
  | { type: 'query'; id: string; text: string; from: string; steer?: true }
  | { type: 'stop' }
  | { type: 'ping' }
  /** End the turn of the query with that id, or the one under way; skip it when that is over. */
  | { type: 'interrupt'; id?: string }
  | { type: 'set_model'; model: string }
  | { type: 'set_persona'; persona: string }
  | { type: 'set_trigger'; trigger: string }
  | RunnerAnswer

/** The answer to the `agent_question` with that id. */
export interface RunnerAnswer {
  type: 'answer'
  id: string
  allow: boolean
  /** Also for the same from now on, until the program ends. */
  for_session: boolean
  /** Why not, or what to do instead. */
  message: string | null
}

/** What the program prints. `id` is the id of a query, but for questions, which have their own. */
export type RunnerOutput =
  /** Ready for queries. `session` is the conversation's id, which a later run can resume. */
  | { type: 'ready'; protocol: number; session?: string; can?: readonly RunnerClaim[] }
  | { type: 'pong' }
  /** The query was taken; its turn begins. */
  | { type: 'agent_started'; id: string }
  /** The query was taken into the turn under way, and ends with it. */
  | { type: 'agent_joined'; id: string }
  /** Something happened in a turn; `id` is null for what belongs to no turn. */
  | { type: 'agent_event'; id: string | null; event: RunnerEvent }
  | AgentStopped
  /** A failure outside a turn; with an `id`, it ends that turn as failed. */
  | { type: 'agent_error'; id?: string; class: ErrorClass; message: string }
  | AgentQuestion
  /** It waits for that answer no more: it came, or is not needed. The end of the turn says so too. */
  | { type: 'agent_question_closed'; id: string }

/** May it? The program waits for `answer`, and goes on reading meanwhile. */
export interface AgentQuestion {
  type: 'agent_question'
  id: string
  /** What it would use, and with what. */
  tool: string
  input: unknown
  /** For people, one line. */
  title?: string
  reason?: string | null
}

/** The end of a turn. All but `type` and `id` may be left out. */
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
  /** It was ended by `interrupt`. */
  interrupted?: true
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

/** Every type, for documents; what is missing or too much here does not compile. */
export const runnerInputTypes = keysOf<RunnerInput['type']>({
  query: true,
  stop: true,
  ping: true,
  interrupt: true,
  answer: true,
  set_model: true,
  set_persona: true,
  set_trigger: true,
})
export const runnerOutputTypes = keysOf<RunnerOutput['type']>({
  ready: true,
  pong: true,
  agent_started: true,
  agent_joined: true,
  agent_event: true,
  agent_stopped: true,
  agent_question: true,
  agent_question_closed: true,
  agent_error: true,
})
export const runnerEventTypes = keysOf<RunnerEvent['type']>({
  text: true,
  thinking: true,
  tool_call: true,
  tool_result: true,
  status: true,
  error: true,
})

function keysOf<Key extends string>(all: Record<Key, true>): Key[] {
  return Object.keys(all) as Key[]
}

/** One line with its newline; the same value always gives the same bytes. */
export function encodeRunnerLine(value: RunnerInput | RunnerOutput): string {
  return `${JSON.stringify(value)}\n`
}

/**
 * A line of input. `unknown` is one of a later Drover's, to be skipped; null is none at all, to be
 * answered by `agent_error`, not by an end.
 */
export function parseRunnerInput(line: string): RunnerInput | { type: 'unknown' } | null {
  const value = parseObject(line)
  const type = value?.['type']
  if (!value || typeof type !== 'string') {
    return null
  }
  return Object.hasOwn(inputReaders, type)
    ? (inputReaders[type as RunnerInput['type']](value) ?? null)
    : { type: 'unknown' }
}

type Fields = Record<string, unknown>

const inputReaders: Record<RunnerInput['type'], (value: Fields) => RunnerInput | null> = {
  query: readQuery,
  stop: () => ({ type: 'stop' }),
  ping: () => ({ type: 'ping' }),
  interrupt: ({ id }) => ({ type: 'interrupt', ...(typeof id === 'string' ? { id } : {}) }),
  set_model: ({ model }) => (typeof model === 'string' ? { type: 'set_model', model } : null),
  set_persona: ({ persona }) =>
    typeof persona === 'string' ? { type: 'set_persona', persona } : null,
  set_trigger: ({ trigger }) =>
    typeof trigger === 'string' ? { type: 'set_trigger', trigger } : null,
  answer: readAnswer,
}

function readQuery({ id, text, from, steer }: Fields): RunnerInput | null {
  if (typeof id !== 'string' || typeof text !== 'string') {
    return null
  }
  const query = { type: 'query', id, text, from: typeof from === 'string' ? from : 'user' } as const
  return steer === true ? { ...query, steer } : query
}

/** What is not clearly allowed is denied. */
function readAnswer({ id, allow, for_session: isForSession, message }: Fields): RunnerInput | null {
  return typeof id === 'string'
    ? {
        type: 'answer',
        id,
        allow: allow === true,
        for_session: isForSession === true,
        message: typeof message === 'string' ? message : null,
      }
    : null
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
