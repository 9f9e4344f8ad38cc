import { pushJoined, pushText, startText } from '../push-text.ts'
import type { Decoder, DecoderState, ProviderEvent, PushContext } from '../contract.ts'
import {
  closeQuestions,
  readCancelRequest,
  readControlRequest,
  readControlResponse,
} from './control.ts'
import { readResult } from './read-result.ts'
import { createClaudeState, type ClaudeState } from './state.ts'
import { blocksOf, parseClaudeLine, resultText, uuidOf, type ClaudeLine } from './wire.ts'

/** Reads Claude Code's stream-json. Lines it does not know are `output` when they are no JSON, else nothing. */
export function createClaudeDecoder(saved: DecoderState | null): Decoder {
  const state = createClaudeState(saved)
  return {
    sent({ id, isSteering = false }) {
      state.open.push({ id, isAccepted: false, ...(isSteering ? { isSteering } : {}) })
      return []
    },
    push(stream: 'out' | 'err', lines, context) {
      const { isCut } = context
      const events: ProviderEvent[] = []
      for (const [index, line] of lines.entries()) {
        const isPiece = isCut && index === lines.length - 1
        const parsed = stream === 'out' && !isPiece ? parseClaudeLine(line) : null
        if (parsed) {
          readLine(state, parsed, { ...context, events })
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
  context: Pick<PushContext, 'now'> & { events: ProviderEvent[] },
): void {
  const { events } = context
  if (typeof line.session_id === 'string' && line.session_id !== '' && line.type !== 'result') {
    noteSession(state, line.session_id, events)
  }
  switch (line.type) {
    case 'command_lifecycle':
      return readLifecycle(state, line, events)
    case 'control_request':
      return readControlRequest(state, line, events)
    case 'control_cancel_request':
      return readCancelRequest(state, line, events)
    case 'control_response':
      return readControlResponse(line, events)
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
      return readToolResults(state, line, events)
    case 'result':
      return readResult(state, line, context)
    case 'rate_limit_event':
      return readLimit(line, events)
  }
}

/** It can begin another conversation by itself, whose sums begin anew. */
function noteSession(state: ClaudeState, session: string, events: ProviderEvent[]): void {
  if (session !== state.session) {
    if (state.session !== null) {
      state.totalUsd = 0
    }
    state.session = session
    events.push({ type: 'session', session })
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

/**
 * How far a message has come in its queue. The messages of a turn end with its result, which comes
 * before their last word here; what has its last word without having been begun gets no turn.
 */
function readLifecycle(state: ClaudeState, line: ClaudeLine, events: ProviderEvent[]): void {
  const reason = unbegun[String(line.state)]
  const message = state.open.find(({ id }) => uuidOf(id) === line.command_uuid)
  if (line.state === 'started') {
    acceptMessage(state, line.command_uuid, events)
  } else if (message && !message.isAccepted && reason) {
    state.open = state.open.filter((open) => open !== message)
    const cost = { usd: 0, inputTokens: 0, outputTokens: 0 }
    const end = { reply: '', error: reason, cost, durationMs: null }
    events.push({ type: 'turn.ended', message: message.id, ...end })
  }
}

/** Why a message that was not begun is at its end. */
const unbegun: Readonly<Record<string, string>> = {
  cancelled: 'interrupted',
  completed:
    'the session has this message from an earlier run, which did not tell of it; it is not answered again',
}

function acceptMessage(state: ClaudeState, uuid: unknown, events: ProviderEvent[]): void {
  const message = state.open.find(({ id }) => uuidOf(id) === uuid)
  if (message && !message.isAccepted) {
    accept(state, message, events)
  }
}

/** A message that was taken while a turn was under way has joined it, whether it was meant to or not. */
function accept(
  state: ClaudeState,
  message: ClaudeState['open'][number],
  events: ProviderEvent[],
): void {
  message.isAccepted = true
  const isTold = state.hasTurn || message.isSteering === true
  const joined = isTold ? { joined: state.hasTurn } : {}
  events.push({ type: 'accepted', message: message.id, ...joined })
}

function readSystem(state: ClaudeState, line: ClaudeLine, events: ProviderEvent[]): void {
  switch (line.subtype) {
    case 'init':
      noteModel(state, line.model)
      return state.hasTurn ? undefined : beginTurn(state, events)
    case 'api_retry': {
      const detail = `${String(line.error)} (${String(line.error_status)}), try ${String(line.attempt)} of ${String(line.max_retries)}`
      return void events.push({ type: 'status', status: 'retrying', detail })
    }
    case 'background_tasks_changed':
      return void events.push({ type: 'background', jobs: countJobs(line.tasks) })
    case 'session_state_changed':
      return void events.push({ type: 'status', status: 'session', detail: String(line.state) })
  }
}

function beginTurn(state: ClaudeState, events: ProviderEvent[]): void {
  const message = state.open.find(({ isAccepted }) => isAccepted) ?? state.open[0]
  if (message && !message.isAccepted) {
    accept(state, message, events)
  }
  state.hasTurn = true
  state.turns++
  events.push({ type: 'turn.started', message: message?.id ?? null })
}

/** Jobs that would end with it. Those of its own household, and those elsewhere, keep nobody up. */
function countJobs(tasks: unknown): number {
  return Array.isArray(tasks)
    ? tasks.filter(
        (task: { ambient?: unknown; off_host?: unknown } | null) =>
          task && task.ambient !== true && task.off_host !== true,
      ).length
    : 0
}

/** What it says by itself, without a model, has no model's name. */
function noteModel(state: ClaudeState, model: unknown): void {
  if (typeof model === 'string' && model !== '<synthetic>') {
    state.model = model
  }
}

function readPiece(state: ClaudeState, { event }: ClaudeLine, events: ProviderEvent[]): void {
  if (event?.type === 'message_start') {
    state.streamedMessage = typeof event.message?.id === 'string' ? event.message.id : null
    noteModel(state, event.message?.model)
  } else if (event?.type === 'content_block_start' && event.content_block?.type === 'text') {
    startText(state, events)
  } else if (event?.type === 'content_block_delta' && typeof event.delta?.text === 'string') {
    pushText(state, event.delta.text, events)
  } else if (event?.type === 'content_block_delta' && typeof event.delta?.thinking === 'string') {
    pushJoined(events, { type: 'thinking', text: event.delta.thinking })
  }
}

function readAssistant(state: ClaudeState, line: ClaudeLine, events: ProviderEvent[]): void {
  if (!line.parent_tool_use_id) {
    noteModel(state, line.message?.model)
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

function readToolResults(state: ClaudeState, line: ClaudeLine, events: ProviderEvent[]): void {
  for (const block of blocksOf(line)) {
    if (block.type === 'tool_result') {
      settleQuestion(state, block.tool_use_id, { line, events })
      events.push({
        type: 'tool.result',
        id: String(block.tool_use_id),
        output: resultText(block.content),
        isError: block.is_error === true,
      })
    }
  }
}

/** A tool that has a result waits for nobody any more: it was answered, or broken off before. */
function settleQuestion(
  state: ClaudeState,
  toolUse: unknown,
  { line, events }: { line: ClaudeLine; events: ProviderEvent[] },
): void {
  const metas = Array.isArray(line.tool_result_meta) ? line.tool_result_meta : []
  const isBrokenOff = metas.some(
    (meta: { id?: unknown; non_execution_kind?: unknown; permission_decision?: unknown } | null) =>
      meta?.id === toolUse &&
      meta?.non_execution_kind === 'user-rejected' &&
      meta.permission_decision === undefined,
  )
  if (isBrokenOff) {
    closeQuestions(state, events, (question) => question.toolUse === toolUse)
  } else {
    state.questions = state.questions.filter((question) => question.toolUse !== toolUse)
  }
}
