import { pushJoined, pushText, startText } from '../push-text.ts'
import type { ProviderEvent } from '../contract.ts'
import { limitedUntil, readFailure, usedLimits } from './failures.ts'
import { resultOf, toolOf } from './items.ts'
import { questionId } from './questions.ts'
import type { CodexState, Reading } from './state.ts'
import { closeQuestions, endTurn, joinTurn } from './turns.ts'
import { add, growth, readTokens } from './usage.ts'
import { errorText, fieldsOf, textOf, type CodexLine, type Fields } from './wire.ts'

/** What it tells and nobody here reads: it is asked not to. */
export const unreadNotifications = [
  'deprecationNotice',
  'item/commandExecution/outputDelta',
  'item/fileChange/outputDelta',
  'item/fileChange/patchUpdated',
  'remoteControl/status/changed',
  'thread/goal/cleared',
  'thread/readState/changed',
  'thread/started',
  'thread/status/changed',
  'turn/diff/updated',
]

/** What it tells of itself. Agents that it starts have threads of their own: of these only tools and tokens count. */
export function readNotification(state: CodexState, line: CodexLine, reading: Reading): void {
  const { events } = reading
  const params = fieldsOf(line.params)
  const isOwn = params['threadId'] === state.thread
  switch (line.method) {
    case 'turn/started': {
      const turn = textOf(fieldsOf(params['turn'])['id'])
      const message = state.open.find((each) => each.turn === null) ?? null
      return isOwn && turn && state.turn !== turn
        ? joinTurn(state, turn, { message, events })
        : undefined
    }
    case 'turn/completed':
      return isOwn ? endTurn(state, params, reading) : undefined
    case 'item/started':
      return startItem(state, fieldsOf(params['item']), events)
    case 'item/completed':
      return finishItem(state, fieldsOf(params['item']), { isOwn, events })
    case 'item/agentMessage/delta':
    case 'item/plan/delta':
      return isOwn ? readPiece(state, 'text', { params, events }) : undefined
    case 'item/reasoning/textDelta':
    case 'item/reasoning/summaryTextDelta':
      return isOwn ? readPiece(state, 'thinking', { params, events }) : undefined
    case 'thread/tokenUsage/updated':
      return countTokens(state, params)
    case 'thread/settings/updated':
      state.model = textOf(fieldsOf(params['threadSettings'])['model']) || state.model
      return
    case 'serverRequest/resolved':
      return closeQuestions(state, events, ({ id }) => id === questionId(params['requestId']))
    case 'account/rateLimits/updated':
      return readLimits(state, params['rateLimits'], events)
    case 'error':
      return isOwn ? readError(state, params, reading) : undefined
    default:
      return readRemark(state, line, events)
  }
}

/** What is worth a line in the log and nothing more. */
function readRemark(
  state: CodexState,
  { method, params }: CodexLine,
  events: ProviderEvent[],
): void {
  const fields = fieldsOf(params)
  if (method === 'warning' || method === 'configWarning' || method === 'guardianWarning') {
    const detail = textOf(fields['message']) || textOf(fields['summary'])
    events.push({ type: 'status', status: 'warning', detail })
  } else if (method === 'model/rerouted') {
    state.model = textOf(fields['toModel']) || state.model
    events.push({ type: 'status', status: 'model', detail: textOf(fields['toModel']) })
  }
}

function startItem(state: CodexState, item: Fields, events: ProviderEvent[]): void {
  const tool = toolOf(item)
  const id = textOf(item['id'])
  if (tool && id && !state.tools.some((each) => each.id === id)) {
    const changes = item['type'] === 'fileChange' ? JSON.stringify(tool.input) : null
    state.tools.push({ id, name: tool.name, changes })
    events.push({ type: 'tool.call', id, ...tool })
  }
}

function finishItem(
  state: CodexState,
  item: Fields,
  { isOwn, events }: { isOwn: boolean; events: ProviderEvent[] },
): void {
  if (toolOf(item)) {
    startItem(state, item, events)
    state.tools = state.tools.filter(({ id }) => id !== item['id'])
    events.push(resultOf(item))
  } else if (isOwn && (item['type'] === 'agentMessage' || item['type'] === 'plan')) {
    const text = textOf(item['text'])
    if (state.speaking !== item['id']) {
      startText(state, events)
      pushText(state, text, events)
    }
    state.reply = text
    state.speaking = null
  } else if (isOwn && item['type'] === 'reasoning') {
    const told = Array.isArray(item['summary']) ? item['summary'].map(textOf).join('\n') : ''
    if (state.speaking !== item['id'] && told !== '') {
      pushJoined(events, { type: 'thinking', text: told })
    }
    state.speaking = null
  } else if (isOwn && item['type'] === 'contextCompaction') {
    events.push({ type: 'status', status: 'compacted' })
  }
}

function readPiece(
  state: CodexState,
  type: 'text' | 'thinking',
  { params, events }: { params: Fields; events: ProviderEvent[] },
): void {
  const item = textOf(params['itemId'])
  const piece = textOf(params['delta'])
  if (state.speaking !== item) {
    state.speaking = item
    if (type === 'text') {
      startText(state, events)
    }
  }
  if (type === 'text') {
    pushText(state, piece, events)
  } else if (piece !== '') {
    pushJoined(events, { type, text: piece })
  }
}

/** Tokens of a turn are what the sums of its threads grew by while it went on. */
function countTokens(state: CodexState, params: Fields): void {
  const usage = fieldsOf(params['tokenUsage'])
  const sum = readTokens(usage['total'])
  const thread = textOf(params['threadId'])
  if (!sum || thread === '') {
    return
  }
  const before = state.totals.find((each) => each.thread === thread) ?? null
  const isOfTurn = thread !== state.thread || params['turnId'] === state.turn
  if (state.turn !== null && isOfTurn) {
    state.spent = add(state.spent, growth(before, sum, readTokens(usage['last'])))
  }
  state.totals = [...state.totals.filter((each) => each !== before), { thread, ...sum }]
}

/** Limits of single models have names of their own; only this one stops all work. */
const mainLimit = 'codex'

function readLimits(state: CodexState, snapshot: unknown, events: ProviderEvent[]): void {
  const used = usedLimits(snapshot)
  const limit = fieldsOf(snapshot)['limitId'] ?? mainLimit
  if (used === null || limit !== mainLimit) {
    return
  }
  state.limitedUntil = limitedUntil(snapshot)
  if (used !== state.used) {
    state.used = used
    events.push({ type: 'status', status: 'rate_limit', detail: used })
  }
}

/** One that it tries again is told; one that ends the turn is told with its end. */
function readError(state: CodexState, params: Fields, { now, events }: Reading): void {
  const error = fieldsOf(params['error'])
  if (params['willRetry'] === true) {
    const detail = [errorText(error), textOf(error['additionalDetails'])].filter(Boolean).join(' ')
    events.push({ type: 'status', status: 'retrying', detail })
  } else if (state.turn !== null && params['turnId'] === state.turn) {
    state.failure = { ...error }
  } else {
    const failure = readFailure(error, now, state.limitedUntil)
    events.push({ type: 'error', ...failure })
  }
}
