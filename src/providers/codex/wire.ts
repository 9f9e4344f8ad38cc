import type { DecoderState, OutgoingMessage } from '../contract.ts'

/** A line of `codex app-server`: JSON-RPC without the `jsonrpc` field, one object a line. */
export interface CodexLine {
  id?: unknown
  method?: unknown
  params?: unknown
  result?: unknown
  error?: unknown
}

export type Fields = Record<string, unknown>

/** Ids of the requests that are not messages; a message's request has the message's own id. */
export const requestIds = {
  initialize: 'drover-initialize',
  thread: 'drover-thread',
  /** A thread that is told of itself anew, by the request behind it. */
  threadToInstruct: 'drover-thread-to-instruct',
  instructions: 'drover-instructions',
  restore: 'drover-restore',
  interrupt: 'drover-interrupt',
  settings: 'drover-settings',
  explain: 'drover-explain',
} as const

/** JSON-RPC: there is no such method. */
const methodNotFound = -32_601

/** The line as an object; null when it is not one. */
export function parseCodexLine(line: string): CodexLine | null {
  if (!line.startsWith('{')) {
    return null
  }
  try {
    return JSON.parse(line) as CodexLine
  } catch {
    return null
  }
}

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : {}
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** What an error of the program says. */
export function errorText(error: unknown): string {
  return textOf(fieldsOf(error)['message']) || JSON.stringify(error)
}

/** Whether a failure to go on with a session means that there is none of that id. */
export function isSessionGone(message: string): boolean {
  return /no rollout found|invalid session id|(?:thread|session) not found|no (?:saved )?session/i.test(
    message,
  )
}

export function request(id: string, method: string, params: Fields): string {
  return `${JSON.stringify({ id, method, params })}\n`
}

export function notification(method: string): string {
  return `${JSON.stringify({ method })}\n`
}

export function response(id: unknown, result: Fields): string {
  return `${JSON.stringify({ id, result })}\n`
}

/** For what it asks and nobody here can answer: it must not wait for ever. */
export function refusal(id: unknown, method: string): string {
  const error = { code: methodNotFound, message: `Drover does not answer ${method}.` }
  return `${JSON.stringify({ id, error })}\n`
}

/** A text as its input wants it. */
export function inputOf(text: string): Fields[] {
  return [{ type: 'text', text, text_elements: [] }]
}

/**
 * A message as a request under its own id. A turn that is under way is joined by it, else it begins
 * one; so a message that is to join can't come too late.
 */
export function encodeAppServerMessage(
  { id, body }: OutgoingMessage,
  state: DecoderState | null,
): string {
  return request(id, 'turn/start', {
    threadId: textOf(state?.['thread']),
    clientUserMessageId: id,
    input: inputOf(body),
  })
}

/**
 * Ends the turn under way, and no later one; null: there is none. A turn that a message is about to
 * begin has no name yet, and an empty one means whatever is under way when that is read.
 */
export function encodeInterrupt(state: DecoderState | null): string | null {
  const [thread, turn] = [textOf(state?.['thread']), textOf(state?.['turn'])]
  const isBeginning = Array.isArray(state?.['open']) && state['open'].length > 0
  return thread && (turn || isBeginning)
    ? request(requestIds.interrupt, 'turn/interrupt', { threadId: thread, turnId: turn })
    : null
}
