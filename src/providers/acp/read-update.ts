import type { ProviderEvent } from '../contract.ts'
import type { Dialect } from './dialect.ts'
import { takeCost } from './read-cost.ts'
import { resultText } from './result-text.ts'
import type { AcpState, Tool } from './state.ts'
import { objectOf, objectsOf, textOf, type JsonObject } from './wire.ts'

/** Longest answer that is kept while it grows, characters; its events have all of it. */
const longestReply = 256 * 1024

/** What happened in the session, as events. The past that a loading program tells again is not told. */
export function readUpdate(
  state: AcpState,
  dialect: Dialect,
  update: JsonObject,
  now: number,
): ProviderEvent[] {
  const kind = update['sessionUpdate']
  if (kind === 'usage_update') {
    takeCost(state, update)
    return []
  }
  if (state.phase !== 'ready') {
    state.quietSince = state.quietSince > 0 ? now : 0
    return []
  }
  if (state.turn) {
    state.turn.heardAt = now
  }
  switch (kind) {
    case 'agent_message_chunk':
      return [...takenBy(state), ...readText(state, update)]
    case 'agent_thought_chunk': {
      const text = chunkText(update)
      return text === '' ? takenBy(state) : [...takenBy(state), { type: 'thinking', text }]
    }
    case 'tool_call':
    case 'tool_call_update':
      return [...takenBy(state), ...readTool(state, dialect, update)]
    case 'plan':
      return [...takenBy(state), { type: 'status', status: 'plan', detail: planText(update) }]
    default:
      return readAside(kind, update)
  }
}

/**
 * The first sign of a turn: until it, nobody knows that the program took the message. Nor can a fresh
 * session be gone on with before: programs keep none in which nothing was said.
 */
export function takenBy(state: AcpState): ProviderEvent[] {
  const { turn } = state
  if (!turn || turn.isTaken) {
    return []
  }
  turn.isTaken = true
  return [{ type: 'accepted', message: turn.message }, ...tellSession(state)]
}

/** The session, once. */
export function tellSession(state: AcpState): ProviderEvent[] {
  const { session, isSessionTold } = state
  if (session === null || isSessionTold) {
    return []
  }
  state.isSessionTold = true
  return [{ type: 'session', session }]
}

/** What is said of the session, and is of no turn. */
function readAside(kind: unknown, update: JsonObject): ProviderEvent[] {
  if (kind === 'current_mode_update') {
    const mode = textOf(update['currentModeId'])
    return mode === null ? [] : [{ type: 'status', status: 'mode', detail: mode }]
  }
  if (kind === 'compaction_update') {
    const status = textOf(update['status'])
    return status === null ? [] : [{ type: 'status', status: 'compaction', detail: status }]
  }
  if (kind === 'notice') {
    const text = textOf(update['message']) ?? textOf(update['text'])
    return text === null ? [] : [{ type: 'status', status: 'notice', detail: text }]
  }
  return []
}

/** Messages of one turn stand on lines of their own; the answer is the last of them. */
function readText(state: AcpState, update: JsonObject): ProviderEvent[] {
  const { turn } = state
  const text = chunkText(update)
  if (text === '') {
    return []
  }
  const part = textOf(update['messageId'])
  const isNew = turn !== null && turn.part !== part && turn.reply !== ''
  if (turn && isNew) {
    turn.reply = ''
  }
  const gap = isNew && state.isMidLine ? '\n' : ''
  if (turn) {
    turn.part = part
    turn.reply = (turn.reply + text).slice(0, longestReply)
  }
  state.isMidLine = !text.endsWith('\n')
  return [{ type: 'text', text: gap + text }]
}

function chunkText({ content }: JsonObject): string {
  const block = objectOf(content)
  if (block['type'] === 'text') {
    return textOf(block['text']) ?? ''
  }
  const link = textOf(block['uri']) ?? textOf(objectOf(block['resource'])['uri'])
  return link === null ? '' : `[${link}]`
}

/** One call and one result for each tool, however many updates there are of it. */
function readTool(state: AcpState, dialect: Dialect, update: JsonObject): ProviderEvent[] {
  const id = textOf(update['toolCallId'])
  if (id === null) {
    return []
  }
  const tool = knowTool(state, dialect, update, id)
  const { status } = update
  const isOver = status === 'completed' || status === 'failed'
  const hasInput = Object.keys(objectOf(update['rawInput'])).length > 0
  const isBegun = isOver || status === 'in_progress' || (hasInput && status !== 'pending')
  const events = isBegun ? tellCall(state, id, tool) : []
  if (isOver && !tool.isOver) {
    tool.isOver = true
    events.push({
      type: 'tool.result',
      id,
      output: resultText(update),
      isError: status === 'failed',
    })
  }
  return events
}

/** What is known of a tool, with what an update or a question adds to it. */
export function knowTool(state: AcpState, dialect: Dialect, update: JsonObject, id: string): Tool {
  const known = Object.hasOwn(state.tools, id) ? state.tools[id] : undefined
  const tool = known ?? { name: '', input: null, isTold: false, isOver: false }
  const name =
    textOf(update['name']) ??
    dialect.toolName(update) ??
    textOf(objectOf(objectOf(update['_meta'])['claudeCode'])['toolName'])
  tool.name = name ?? (tool.name || (textOf(update['kind']) ?? textOf(update['title']) ?? 'tool'))
  if (!tool.isTold) {
    tool.input = inputOf(dialect, update) ?? tool.input
  }
  state.tools[id] = tool
  return tool
}

function inputOf(dialect: Dialect, update: JsonObject): unknown {
  const raw = update['rawInput']
  if (raw !== undefined && raw !== null && Object.keys(objectOf(raw)).length > 0) {
    return raw
  }
  const own = dialect.toolInput(update)
  if (own !== null) {
    return own
  }
  const title = textOf(update['title'])
  const paths = objectsOf(update['locations']).flatMap(({ path }) => textOf(path) ?? [])
  return title === null ? null : { title, ...(paths.length > 0 ? { paths } : {}) }
}

/** Tells a call once; text after it is a new message. */
export function tellCall(state: AcpState, id: string, tool: Tool): ProviderEvent[] {
  if (tool.isTold) {
    return []
  }
  tool.isTold = true
  if (state.turn) {
    state.turn.hasTools = true
    state.turn.reply = ''
    state.turn.part = null
  }
  const gap: ProviderEvent[] = state.isMidLine ? [{ type: 'text', text: '\n' }] : []
  state.isMidLine = false
  return [...gap, { type: 'tool.call', id, name: tool.name, input: tool.input }]
}

function planText(update: JsonObject): string {
  return objectsOf(update['entries'])
    .map(({ status, content }) => `[${textOf(status) ?? 'pending'}] ${textOf(content) ?? ''}`)
    .join('\n')
}
