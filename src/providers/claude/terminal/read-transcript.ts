import { pushJoined, pushText, startText } from '../../push-text.ts'
import { readTokens } from '../read-cost.ts'
import { blocksOf, resultText, type ClaudeLine } from '../wire.ts'
import { printOfInput } from './read-notes.ts'
import type { TerminalState, Turn } from './state.ts'
import { acceptInto, beginTurn, closeQuestions, endTurn, findGiven, type Telling } from './turn.ts'

/** After a request failed, it may go on by itself: it is over when it says so, or after this long, ms. */
const failureMs = 5000

/** A line of the transcript that Claude Code keeps; every field may be missing or of another kind. */
interface TranscriptLine extends ClaudeLine {
  isSidechain?: unknown
  isMeta?: unknown
  promptId?: unknown
  timestamp?: unknown
  isCompactSummary?: unknown
  isApiErrorMessage?: unknown
  apiErrorStatus?: unknown
  apiErrorType?: unknown
  isAbortedMidStream?: unknown
  durationMs?: unknown
  operation?: unknown
  content?: unknown
  attachment?: { type?: unknown; prompt?: unknown } | null
  permissionDecision?: { source?: unknown } | null
  retryAttempt?: unknown
  maxRetries?: unknown
}

export function readTranscriptLine(state: TerminalState, text: string, told: Telling): void {
  const line = parse(text)
  if (!line || line.isSidechain === true) {
    return
  }
  switch (line.type) {
    case 'user':
      return readUser(state, line, told)
    case 'assistant':
      return line.isApiErrorMessage === true
        ? readFailure(state, line, told)
        : readAssistant(state, line, told)
    case 'system':
      return readSystem(state, line, told)
    case 'queue-operation':
      return readQueue(state, line)
    case 'attachment':
      return readAttachment(state, line, told)
  }
}

function parse(line: string): TranscriptLine | null {
  // Most of a transcript are copies of requests, which say nothing new.
  if (line.startsWith('{"type":"api-request')) {
    return null
  }
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? value : null
  } catch {
    return null
  }
}

function readUser(state: TerminalState, line: TranscriptLine, told: Telling): void {
  const results = blocksOf(line).filter(({ type }) => type === 'tool_result')
  if (results.length > 0) {
    return readResults(state, line, told)
  }
  const said = saidBy(line)
  if (said.startsWith('[Request interrupted by user')) {
    return endTurn(state, { isInterrupted: true }, told)
  }
  // Orders to the program itself, and what they gave: the model is not asked.
  if (line.isMeta === true || line.isCompactSummary === true || isOrder.test(said)) {
    return
  }
  const begunAt = typeof line.timestamp === 'string' ? Date.parse(line.timestamp) : NaN
  const turn = beginTurn(state, findGiven(state, said) ?? null, told)
  turn.promptId = typeof line.promptId === 'string' ? line.promptId : null
  turn.begunAt = Number.isFinite(begunAt) ? begunAt : null
}

const isOrder = /^\s*<(?:command-|local-command-|bash-)/

function saidBy(line: TranscriptLine): string {
  const content: unknown = line.message?.content
  return typeof content === 'string'
    ? content
    : blocksOf(line)
        .map(({ text }) => (typeof text === 'string' ? text : ''))
        .join('\n')
}

function readResults(state: TerminalState, line: TranscriptLine, told: Telling): void {
  for (const block of blocksOf(line)) {
    if (block.type === 'tool_result') {
      settleQuestion(state, String(block.tool_use_id), { line, told })
      told.events.push({
        type: 'tool.result',
        id: String(block.tool_use_id),
        output: resultText(block.content),
        isError: block.is_error === true,
      })
    }
  }
}

/** Its tool has a result, so it was answered: by the hook, which is us, or at the terminal. */
function settleQuestion(
  state: TerminalState,
  toolUse: string,
  { line, told }: { line: TranscriptLine; told: Telling },
): void {
  const call = state.calls.find(({ id }) => id === toolUse)
  state.calls = state.calls.filter(({ id }) => id !== toolUse)
  if (!call) {
    return
  }
  const ofTool = state.questions.filter(({ tool }) => tool === call.tool)
  const others = state.calls.some(({ tool }) => tool === call.tool)
  // An input may be told otherwise to a hook; where only one tool can be meant, it is that.
  const settled =
    ofTool.find(({ print }) => print === call.print) ?? (others ? undefined : ofTool[0])
  if (!settled) {
    state.turn?.settled.push({ tool: call.tool, print: call.print })
  }
  if (line.permissionDecision?.source === 'hook') {
    state.questions = state.questions.filter((question) => question !== settled)
  } else {
    closeQuestions(state, told.events, (question) => question === settled)
  }
}

/** Each block of an answer is a line of its own; all of them tell the tokens of the whole. */
function readAssistant(state: TerminalState, line: TranscriptLine, told: Telling): void {
  if (!line.message) {
    return
  }
  const turn = state.turn ?? beginTurn(state, null, told)
  const { id, model, usage } = line.message as Record<string, unknown>
  if (typeof model === 'string' && model !== '<synthetic>') {
    state.model = model
  }
  const message = String(id)
  if (usage !== undefined && model !== '<synthetic>') {
    turn.tokens[message] = readTokens(usage as ClaudeLine['usage'])
  }
  if (turn.failure) {
    turn.failure = null
    turn.over = null
  } else if (turn.over) {
    // A hook of the user's own may have it go on.
    turn.over.at = told.now
  }
  turn.isBrokenOff = line.isAbortedMidStream === true
  for (const block of blocksOf(line)) {
    if (block.type === 'text' && typeof block.text === 'string') {
      say(state, turn, { message, text: block.text, told })
    } else if (block.type === 'thinking' && typeof block.thinking === 'string') {
      if (block.thinking !== '') {
        pushJoined(told.events, { type: 'thinking', text: block.thinking })
      }
    } else if (block.type === 'tool_use') {
      const call = { id: String(block.id), tool: String(block.name) }
      state.calls.push({ ...call, print: printOfInput(block.input) })
      told.events.push({ type: 'tool.call', id: call.id, name: call.tool, input: block.input })
    }
  }
}

/** The reply is what it says last: the texts of its last answer. */
function say(
  state: TerminalState,
  turn: Turn,
  { message, text, told }: { message: string; text: string; told: Telling },
): void {
  turn.reply = turn.replyOf === message ? `${turn.reply}\n${text}` : text
  turn.replyOf = message
  startText(state, told.events)
  pushText(state, text, told.events)
}

function readFailure(state: TerminalState, line: TranscriptLine, told: Telling): void {
  const turn = state.turn ?? beginTurn(state, null, told)
  turn.failure = {
    text: saidBy(line),
    status: typeof line.apiErrorStatus === 'number' ? line.apiErrorStatus : null,
    code: typeof line.apiErrorType === 'string' ? line.apiErrorType : null,
  }
  if (turn.over) {
    endTurn(state, {}, told)
  } else {
    turn.over = { at: told.now, ms: failureMs }
  }
}

function readSystem(state: TerminalState, line: TranscriptLine, told: Telling): void {
  if (line.subtype === 'turn_duration') {
    const durationMs = typeof line.durationMs === 'number' ? line.durationMs : null
    endTurn(state, { durationMs }, told)
  } else if (line.subtype === 'api_error') {
    const detail = `try ${String(line.retryAttempt)} of ${String(line.maxRetries)}`
    told.events.push({ type: 'status', status: 'retrying', detail })
  } else if (line.subtype === 'compact_boundary') {
    told.events.push({ type: 'status', status: 'compacted' })
  }
}

/** It was sent while a turn was under way, and waits in its queue. */
function readQueue(state: TerminalState, { operation, content }: TranscriptLine): void {
  const message =
    operation === 'enqueue' && typeof content === 'string' ? findGiven(state, content) : undefined
  if (message) {
    message.isSubmitted = true
  }
}

/** What waited in its queue joins the turn. */
function readAttachment(state: TerminalState, { attachment }: TranscriptLine, told: Telling): void {
  const { type, prompt } = attachment ?? {}
  if (type === 'queued_command' && typeof prompt === 'string' && state.turn) {
    const message = findGiven(state, prompt)
    if (message) {
      acceptInto(state, state.turn, message, told)
    }
  }
}
