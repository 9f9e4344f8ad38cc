import { takeTyped, takeTypedByHead } from '../../terminal/typed.ts'
import { readNotification } from '../notifications.ts'
import type { Reading } from '../state.ts'
import { joinTurn } from '../turns.ts'
import { fieldsOf, parseCodexLine, textOf, type Fields } from '../wire.ts'
import type { TerminalState } from './state.ts'

interface LineReading {
  /** The line is longer than what is read at once, and this is its beginning. */
  isPiece: boolean
  reading: Reading
}

/** A line of the rollout: what it tells is read as the notifications that it would be over the protocol. */
export function readRollout(
  state: TerminalState,
  line: string,
  { isPiece, reading }: LineReading,
): void {
  if (isPiece) {
    return readPiece(state, line, reading)
  }
  const { timestamp, type, payload } = fieldsOf(parseCodexLine(line))
  const fields = fieldsOf(payload)
  const isPast = Date.parse(textOf(timestamp)) < state.since
  if (type === 'turn_context') {
    state.model = textOf(fields['model']) || state.model
  } else if (type === 'event_msg' && (!isPast || fields['type'] === 'token_count')) {
    readEvent(state, fields, reading)
  }
}

function readEvent(state: TerminalState, payload: Fields, reading: Reading): void {
  const tell = (method: string, params: Fields): void =>
    readNotification(state, { method, params: { threadId: state.thread, ...params } }, reading)
  const turnId = textOf(payload['turn_id'])
  switch (payload['type']) {
    case 'task_started':
      state.begun = turnId
      return
    case 'item_completed': {
      const item = itemOf(payload['item'])
      if (item['type'] === 'userMessage') {
        return takeText(state, turnId, { id: takeTyped(state.typed, textIn(item)), reading })
      }
      begin(state, turnId, reading)
      return tell('item/completed', { turnId, item })
    }
    case 'token_count':
      return readTokenCount(state, payload, tell)
    case 'task_complete':
    case 'turn_aborted':
      return endTask(state, payload, { reading, tell })
  }
}

/** Somebody said something: a message that was typed, or a person; it begins a turn or joins one. */
function takeText(
  state: TerminalState,
  turn: string,
  { id, reading }: { id: string | null; reading: Reading },
): void {
  const message = state.open.find((each) => each.id === id) ?? null
  state.begun = null
  if (message || state.turn !== turn) {
    joinTurn(state, turn, { message, events: reading.events })
  }
}

/** A turn that nobody asked for by a text: a review, or a command of the program's own. */
function begin(state: TerminalState, turn: string, reading: Reading): void {
  if (state.begun === turn && state.turn !== turn) {
    takeText(state, turn, { id: null, reading })
  }
}

/** So long is what is read of a text that is cut, characters of its JSON. */
const pieceLength = 2000

/** Of a text that is too long for a line only the beginning is there; that tells whose it is. */
function readPiece(state: TerminalState, piece: string, reading: Reading): void {
  const found =
    /^\{"timestamp":"[^"]*","type":"event_msg","payload":\{"type":"item_completed","thread_id":"[^"]*","turn_id":"([^"]*)","item":\{"type":"UserMessage".*?"text":"/.exec(
      piece.slice(0, pieceLength),
    )
  if (found) {
    const json = piece.slice(found[0].length, found[0].length + pieceLength)
    const whole = json.replace(/\\(?:u[0-9a-f]{0,3})?$/i, '')
    const text = JSON.parse(`"${whole}"`) as string
    takeText(state, found[1]!, { id: takeTypedByHead(state.typed, text), reading })
  }
}

type Tell = (method: string, params: Fields) => void

function readTokenCount(state: TerminalState, payload: Fields, tell: Tell): void {
  const info = fieldsOf(payload['info'])
  const tokenUsage = { total: info['total_token_usage'], last: info['last_token_usage'] }
  tell('thread/tokenUsage/updated', { turnId: state.turn, tokenUsage })
  if (payload['rate_limits']) {
    tell('account/rateLimits/updated', { rateLimits: camelCased(payload['rate_limits']) })
  }
}

function endTask(
  state: TerminalState,
  payload: Fields,
  { reading, tell }: { reading: Reading; tell: Tell },
): void {
  const id = textOf(payload['turn_id'])
  begin(state, id, reading)
  const error = payload['error'] ? camelCased(payload['error']) : null
  const isWhole = payload['type'] === 'task_complete'
  const status = error ? 'failed' : isWhole ? 'completed' : 'interrupted'
  if (status === 'completed' && state.turn === id) {
    state.reply = textOf(payload['last_agent_message']) || state.reply
  }
  tell('turn/completed', { turn: { id, status, error, durationMs: payload['duration_ms'] } })
}

/** An item with the names of the protocol. */
function itemOf(value: unknown): Fields {
  const item = fieldsOf(camelCased(value))
  const type = textOf(item['type'])
  const { command, cwd, content } = item
  const isSpoken = type === 'AgentMessage' && Array.isArray(content)
  return {
    ...item,
    type: type.slice(0, 1).toLowerCase() + type.slice(1),
    ...(Array.isArray(command) ? { command: commandLine(command.map(textOf)) } : {}),
    ...(typeof cwd === 'string' ? { cwd: cwd.replace(/^file:\/\//, '') } : {}),
    ...(isSpoken ? { text: textIn(item) } : {}),
    ...(type === 'Reasoning' ? { summary: item['summaryText'] } : {}),
  }
}

/** Its texts, without what stands between them. */
function textIn({ content }: Fields): string {
  return Array.isArray(content)
    ? content.map((part) => textOf(fieldsOf(part)['text'])).join('')
    : ''
}

/** A script is told without the shell that it is given to. */
function commandLine(words: readonly string[]): string {
  const [shell = '', flag = '', script] = words
  const isWrapped = words.length === 3 && /(?:^|\/)\w*sh$/.test(shell) && /^-l?c$/.test(flag)
  return isWrapped && script !== undefined ? script : words.join(' ')
}

/** Names with underscores as the protocol writes them; what is data and no name stays. */
function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(camelCased)
  }
  if (typeof value !== 'object' || value === null) {
    return value
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      /^[a-z]+(?:_[a-z0-9]+)+$/.test(name)
        ? name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
        : name,
      data.has(name) ? inner : camelCased(inner),
    ]),
  )
}

const data: ReadonlySet<string> = new Set(['changes', 'arguments', 'result'])
