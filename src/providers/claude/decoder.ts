import { classifyError, type ClassifiedError } from '../classify-error.ts'
import type { Decoder, DecoderState, ProviderEvent } from '../contract.ts'
import { readCost } from './read-cost.ts'
import { blocksOf, parseClaudeLine, resultText, uuidOf, type ClaudeLine } from './wire.ts'

/** The model of what the program itself says in an answer's place. */
const synthetic = '<synthetic>'

interface ClaudeState extends DecoderState {
  /** Messages in its input without a result, oldest first. */
  open: { id: string; isAccepted: boolean }[]
  session: string | null
  /** Dollars of the whole session so far: the program reports sums. */
  totalUsd: number
  /** The model's message whose text came in pieces, so its whole is not said again. */
  streamedMessage: string | null
  /** The turn said something that did not end its line. */
  isMidLine: boolean
  hasTurn: boolean
  /** Of the latest answer; state of before has none. */
  model?: string | null
}

/** State for a run that goes on with the session of an earlier one. */
export function carryClaudeState(previous: DecoderState): DecoderState {
  return { ...createState(), totalUsd: (previous as ClaudeState).totalUsd }
}

function createState(): ClaudeState {
  return {
    open: [],
    session: null,
    totalUsd: 0,
    streamedMessage: null,
    isMidLine: false,
    hasTurn: false,
    model: null,
  }
}

/** Reads Claude Code's stream-json. Lines it does not know are `output` when they are no JSON, else nothing. */
export function createClaudeDecoder(saved: DecoderState | null): Decoder {
  const state = (saved as ClaudeState | null) ?? createState()
  return {
    sent({ id }) {
      state.open.push({ id, isAccepted: false })
      return []
    },
    push(stream, lines, { isCut, now }) {
      const events: ProviderEvent[] = []
      for (const [index, line] of lines.entries()) {
        const isPiece = isCut && index === lines.length - 1
        const parsed = stream === 'out' && !isPiece ? parseClaudeLine(line) : null
        if (parsed) {
          readLine(state, parsed, events, now)
        } else if (line !== '') {
          events.push({ type: 'output', stream, text: isPiece ? line : `${line}\n` })
        }
      }
      return events
    },
    dueAt: () => null,
    due: () => [],
    ended: () => [],
    snapshot: () => state,
  }
}

function readLine(
  state: ClaudeState,
  line: ClaudeLine,
  events: ProviderEvent[],
  now: number,
): void {
  if (
    typeof line.session_id === 'string' &&
    line.session_id !== '' &&
    line.type !== 'result' &&
    line.session_id !== state.session
  ) {
    state.session = line.session_id
    events.push({ type: 'session', session: line.session_id })
  }
  switch (line.type) {
    case 'command_lifecycle':
      if (line.state === 'started') {
        acceptMessage(state, line.command_uuid, events)
      }
      return
    case 'system':
      return readSystem(state, line, events)
    case 'stream_event':
      return line.parent_tool_use_id ? undefined : readPiece(state, line, events)
    case 'assistant':
      return readAssistant(state, line, events)
    case 'user':
      if (line.isReplay === true) {
        acceptMessage(state, line.uuid, events)
      }
      return readToolResults(line, events)
    case 'result':
      return readResult(state, line, events, now)
    case 'rate_limit_event':
      return readLimit(line, events)
  }
}

/** Only `rejected` keeps it from going on; `resetsAt` is in seconds. */
function readLimit({ rate_limit_info: info }: ClaudeLine, events: ProviderEvent[]): void {
  events.push({ type: 'status', status: 'rate_limit', detail: JSON.stringify(info ?? {}) })
  if (info?.status === 'rejected' && typeof info.resetsAt === 'number') {
    const kind = typeof info.rateLimitType === 'string' ? ` (${info.rateLimitType})` : ''
    events.push({
      type: 'limited',
      until: Math.round(info.resetsAt * 1000),
      cause: `Claude's rate limit is reached${kind}`,
    })
  }
}

function acceptMessage(state: ClaudeState, uuid: unknown, events: ProviderEvent[]): void {
  const message = state.open.find(({ id }) => uuidOf(id) === uuid)
  if (message && !message.isAccepted) {
    message.isAccepted = true
    events.push({ type: 'accepted', message: message.id })
  }
}

function readSystem(state: ClaudeState, line: ClaudeLine, events: ProviderEvent[]): void {
  if (line.subtype === 'init' && !state.hasTurn) {
    state.hasTurn = true
    const message = state.open.find(({ isAccepted }) => isAccepted) ?? state.open[0]
    if (message && !message.isAccepted) {
      message.isAccepted = true
      events.push({ type: 'accepted', message: message.id })
    }
    events.push({ type: 'turn.started', message: message?.id ?? null })
  } else if (line.subtype === 'api_retry') {
    const detail = `${String(line.error)} (${String(line.error_status)}), try ${String(line.attempt)} of ${String(line.max_retries)}`
    events.push({ type: 'status', status: 'retrying', detail })
  }
}

function readPiece(state: ClaudeState, { event }: ClaudeLine, events: ProviderEvent[]): void {
  if (event?.type === 'message_start') {
    state.streamedMessage = typeof event.message?.id === 'string' ? event.message.id : null
  } else if (event?.type === 'content_block_start' && event.content_block?.type === 'text') {
    startText(state, events)
  } else if (event?.type === 'content_block_delta' && typeof event.delta?.text === 'string') {
    pushText(state, event.delta.text, events)
  } else if (event?.type === 'content_block_delta' && typeof event.delta?.thinking === 'string') {
    pushJoined(events, { type: 'thinking', text: event.delta.thinking })
  }
}

function readAssistant(state: ClaudeState, line: ClaudeLine, events: ProviderEvent[]): void {
  const { model } = line.message ?? {}
  if (typeof model === 'string' && model !== synthetic && !line.parent_tool_use_id) {
    state.model = model
  }
  const isTold =
    line.parent_tool_use_id ||
    (line.message?.id !== undefined && line.message.id === state.streamedMessage)
  for (const block of blocksOf(line)) {
    if (block.type === 'tool_use') {
      events.push({
        type: 'tool.call',
        id: String(block.id),
        name: String(block.name),
        input: block.input,
      })
    } else if (!isTold && block.type === 'text' && typeof block.text === 'string') {
      startText(state, events)
      pushText(state, block.text, events)
    } else if (!isTold && block.type === 'thinking' && typeof block.thinking === 'string') {
      pushJoined(events, { type: 'thinking', text: block.thinking })
    }
  }
}

function readToolResults(line: ClaudeLine, events: ProviderEvent[]): void {
  for (const block of blocksOf(line)) {
    if (block.type === 'tool_result') {
      events.push({
        type: 'tool.result',
        id: String(block.tool_use_id),
        output: resultText(block.content),
        isError: block.is_error === true,
      })
    }
  }
}

/** One result ends the turn of every message that had joined it; `is_error` tells, `subtype` does not. */
function readResult(
  state: ClaudeState,
  line: ClaudeLine,
  events: ProviderEvent[],
  now: number,
): void {
  const said = typeof line.result === 'string' ? line.result : ''
  const errors = Array.isArray(line.errors) ? line.errors.map(String).join('; ') : ''
  const error = line.is_error === true ? said || errors || String(line.subtype) : null
  if (error !== null) {
    events.push({ type: 'error', message: error, ...classify(line, error, now) })
  }
  const joined = state.open.filter(({ isAccepted }) => isAccepted)
  const messages = joined.length > 0 ? joined : state.open.slice(0, 1)
  const { cost, totalUsd } = readCost(line, state.totalUsd)
  state.totalUsd = totalUsd
  const { model = null } = state
  const durationMs = typeof line.duration_ms === 'number' ? line.duration_ms : null
  for (const [index, { id }] of messages.entries()) {
    const share = index === 0 ? cost : { usd: 0, inputTokens: 0, outputTokens: 0 }
    events.push({
      type: 'turn.ended',
      message: id,
      reply: error === null ? said : '',
      error,
      cost: share,
      model,
      durationMs,
    })
  }
  if (messages.length === 0) {
    events.push({
      type: 'turn.ended',
      message: null,
      reply: error === null ? said : '',
      error,
      cost,
      model,
      durationMs,
    })
  }
  state.open = state.open.filter((message) => !messages.includes(message))
  state.isMidLine = false
  state.streamedMessage = null
  state.hasTurn = false
}

/** What the model API said, and when it may be asked again. */
function classify(line: ClaudeLine, text: string, now: number): ClassifiedError {
  const status = typeof line.api_error_status === 'number' ? line.api_error_status : null
  return classifyError({ status, text }, now)
}

/** Text blocks of one turn stand on lines of their own. */
function startText(state: ClaudeState, events: ProviderEvent[]): void {
  if (state.isMidLine) {
    pushText(state, '\n', events)
  }
}

function pushText(state: ClaudeState, text: string, events: ProviderEvent[]): void {
  if (text !== '') {
    pushJoined(events, { type: 'text', text })
    state.isMidLine = !text.endsWith('\n')
  }
}

/** Pieces that came together are one event. */
function pushJoined(
  events: ProviderEvent[],
  event: { type: 'text' | 'thinking'; text: string },
): void {
  const last = events.at(-1)
  if (last?.type === event.type) {
    last.text += event.text
  } else {
    events.push(event)
  }
}
