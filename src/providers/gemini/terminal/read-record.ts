import { classifyError } from '../../classify-error.ts'
import { pushText, startText } from '../../push-text.ts'
import type { GeminiState, GeminiTurn } from './state.ts'
import { noteOver, type Reading } from './turn.ts'

/** A failure is told before the turn is; where the turn is not told, it is over after so long, ms. */
const failedMs = 2000
const cancelledMs = 250

type Fields = Record<string, unknown>

/**
 * A line of the session's file, `chats/session-TIME-ID.jsonl`. It writes lines of the past anew now and
 * then, under other ids and without tokens; an answer is written again with what its tools gave.
 */
export function readRecord(state: GeminiState, line: string, reading: Reading): void {
  const record = parse(line)
  const { turn } = state
  if (!turn || !record || !(Date.parse(String(record['timestamp'])) >= state.since)) {
    return
  }
  switch (record['type']) {
    case 'gemini':
      return readAnswer(state, turn, { record, reading })
    case 'info':
      if (record['content'] === 'Request cancelled.') {
        turn.isCancelled = true
        noteOver(turn, reading.now, cancelledMs)
      }
      return
    case 'error':
      return readFailure(turn, record, reading)
  }
}

interface Answer {
  record: Fields
  reading: Reading
}

function readAnswer(state: GeminiState, turn: GeminiTurn, { record, reading }: Answer): void {
  const { id, content, tokens, model, toolCalls } = record
  if (typeof id !== 'string' || typeof content !== 'string') {
    return
  }
  if (typeof tokens === 'object' && tokens !== null) {
    turn.tokens[id] = readTokens(tokens as Fields)
    turn.model = typeof model === 'string' ? model : turn.model
  }
  if (content !== '' && isNew(turn, id)) {
    startText(state, reading.events)
    pushText(state, content, reading.events)
    turn.reply = content
  }
  for (const call of Array.isArray(toolCalls) ? (toolCalls as Fields[]) : []) {
    readTool(turn, call, reading)
  }
}

function readTool(turn: GeminiTurn, call: Fields, { events }: Reading): void {
  const { id, name, args, status, result } = call
  if (typeof id !== 'string' || !isNew(turn, id)) {
    return
  }
  events.push({ type: 'tool.call', id, name: String(name), input: args ?? {} })
  events.push({
    type: 'tool.result',
    id,
    output: outputOf(result),
    isError: status !== 'success',
  })
}

/** `[{ functionResponse: { response: { output | error } } }]` */
function outputOf(result: unknown): string {
  const parts = Array.isArray(result) ? (result as Fields[]) : []
  return parts
    .map(({ functionResponse }) => {
      const response = (functionResponse as Fields | undefined)?.['response'] as Fields | undefined
      const said = response?.['output'] ?? response?.['error'] ?? ''
      return typeof said === 'string' ? said : JSON.stringify(said)
    })
    .join('\n')
}

/** `[API Error: {"error":{"code":400,"message":"…"}}]` */
function readFailure(turn: GeminiTurn, { content }: Fields, { now }: Reading): void {
  const text = typeof content === 'string' ? content : ''
  const inner = /^\[API Error: (.*)\]$/s.exec(text)?.[1] ?? text
  const error = (parse(inner)?.['error'] ?? {}) as Fields
  const status = typeof error['code'] === 'number' ? error['code'] : null
  const { class: errorClass, retryAt } = classifyError({ status, text: inner }, now)
  const said = typeof error['message'] === 'string' ? error['message'] : inner
  turn.failure = { class: errorClass, message: said || 'Gemini CLI did not say why', retryAt }
  if (!turn.over) {
    noteOver(turn, now, failedMs)
  }
}

/** Told for the first time. */
function isNew(turn: GeminiTurn, id: string): boolean {
  const isKnown = turn.known.includes(id)
  if (!isKnown) {
    turn.known.push(id)
  }
  return !isKnown
}

function readTokens(fields: Fields): GeminiTurn['tokens'][string] {
  const count = (name: string): number =>
    Number.isSafeInteger(fields[name]) ? Math.max(0, fields[name] as number) : 0
  return {
    input: count('input'),
    output: count('output'),
    cached: count('cached'),
    thoughts: count('thoughts'),
  }
}

function parse(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Fields) : null
  } catch {
    return null
  }
}
