import { classifyError } from '../classify-error.ts'
import type { Decoder, DecoderState, OutgoingMessage, ProviderEvent } from '../contract.ts'
import { resultOf, toolOf } from './items.ts'
import type { CodexState, Reading } from './state.ts'
import { costOf, growth, noTokens, readTokens, type Tokens } from './usage.ts'
import { fieldsOf, isSessionGone, parseCodexLine, textOf, type Fields } from './wire.ts'

/** What is remembered of a run in which each turn is a `codex exec` of its own. */
interface ExecState extends DecoderState {
  protocol: 'exec'
  session: string | null
  /** `new`, `resume` or `fork`: how the run began. */
  mode: string
  /** The messages in its input, oldest first; the first has the turn. */
  open: { id: string; isSteering: boolean }[]
  hasTurn: boolean
  /** It said that the turn came to its end. */
  isDone: boolean
  /** Tokens of the turn; null: it did not say. */
  spent: Tokens | null
  reply: string
  isMidLine: boolean
  tools: string[]
  /** Tokens of the session so far, as the program sums them; null: nobody knows. */
  total: Tokens | null
  /** Why the turn failed, as it was told last. */
  failure: string | null
  /** Why it could not even begin, from its stderr. */
  said: string
}

function createState(): ExecState {
  return {
    protocol: 'exec',
    session: null,
    mode: 'new',
    open: [],
    total: null,
    ...emptyTurn(),
  }
}

type Turn = Pick<
  ExecState,
  'hasTurn' | 'isDone' | 'spent' | 'reply' | 'isMidLine' | 'tools' | 'failure' | 'said'
>

function emptyTurn(): Turn {
  return {
    hasTurn: false,
    isDone: false,
    spent: null,
    reply: '',
    isMidLine: false,
    tools: [],
    failure: null,
    said: '',
  }
}

/** The state of this run, or a fresh one: what another run of the session counted is known. */
function stateFrom(saved: DecoderState | null): ExecState {
  if (saved?.['protocol'] === 'exec') {
    return saved as ExecState
  }
  const [known] = (saved as CodexState | null)?.totals ?? []
  return { ...createState(), total: known ? tokensOf(known) : null }
}

function tokensOf({ input, output, cached = null, reasoning = null }: Tokens): Tokens {
  return { input, output, cached, reasoning }
}

/** A line of `exec-turns.sh`: the session, and the prompt in base64. */
export function encodeExecMessage({ body }: OutgoingMessage, state: DecoderState | null): string {
  const session = textOf(state?.['session']) || '-'
  return `${session} ${Buffer.from(body).toString('base64')}\n`
}

/** Reads what `exec-turns.sh` prints: the lines of one `codex exec --json` after the other. */
export function createExecDecoder(saved: DecoderState | null): Decoder {
  const state = stateFrom(saved)
  return {
    sent({ id, isSteering = false }) {
      state.open.push({ id, isSteering })
      return []
    },
    push(stream: 'out' | 'err', lines, { now, isCut }) {
      const events: ProviderEvent[] = []
      for (const [index, line] of lines.entries()) {
        const isPiece = isCut && index === lines.length - 1
        const parsed = stream === 'out' && !isPiece ? parseCodexLine(line) : null
        if (parsed) {
          readLine(state, parsed as Fields, { now, events })
        } else if (line !== '') {
          state.said = (stream === 'err' && reasonIn(line)) || state.said
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

/** Why it could not even begin; the stack that it prints below says nothing. */
function reasonIn(line: string): string | null {
  return /^Error: (.{1,500})/.exec(line)?.[1] ?? null
}

function readLine(state: ExecState, line: Fields, reading: Reading): void {
  const { events } = reading
  switch (line['type']) {
    case 'drover.ready':
      state.mode = textOf(line['mode'])
      state.total = state.mode === 'resume' ? state.total : null
      events.push({ type: 'ready' })
      return
    case 'drover.ended':
      return endProgram(state, line, reading)
    case 'thread.started':
      return readThread(state, textOf(line['thread_id']), events)
    case 'turn.started':
      return beginTurn(state, events)
    case 'turn.completed':
      return completeTurn(state, line)
    case 'turn.failed':
      state.failure = textOf(fieldsOf(line['error'])['message']) || state.failure
      return
    case 'error':
      return readError(state, textOf(line['message']), events)
    case 'item.started':
    case 'item.updated':
      return startItem(state, fieldsOf(line['item']), events)
    case 'item.completed':
      return finishItem(state, fieldsOf(line['item']), events)
  }
}

/** A session that nobody had before has cost nothing yet. */
function readThread(state: ExecState, thread: string, events: ProviderEvent[]): void {
  if (thread !== '' && thread !== state.session) {
    if (state.session === null && state.mode === 'new') {
      state.total = noTokens
    }
    state.session = thread
    events.push({ type: 'session', session: thread })
  }
}

function beginTurn(state: ExecState, events: ProviderEvent[]): void {
  const [message] = state.open
  if (!state.hasTurn) {
    state.hasTurn = true
    if (message) {
      const { id, isSteering } = message
      events.push({ type: 'accepted', message: id, ...(isSteering ? { joined: false } : {}) })
    }
    events.push({ type: 'turn.started', message: message?.id ?? null })
  }
}

/** The sum is of the whole session: the turn's is what it grew by. Its program is yet to end. */
function completeTurn(state: ExecState, line: Fields): void {
  const sum = readTokens(line['usage'])
  state.spent = sum && growth(state.total, sum, null)
  state.total = sum ?? state.total
  state.isDone = true
}

/** The program of a turn is gone, and the turn over: well, if it said so before. */
function endProgram(state: ExecState, line: Fields, { now, events }: Reading): void {
  const message = state.open.shift()?.id ?? null
  const { isDone, hasTurn, spent } = state
  const code = typeof line['code'] === 'number' ? line['code'] : 1
  const error = isDone
    ? null
    : (state.failure ?? (state.said || `codex exec ended with code ${code}`))
  const isGone = error !== null && !hasTurn && state.mode !== 'new' && isSessionGone(error)
  const reply = error === null ? state.reply : ''
  Object.assign(state, emptyTurn())
  if (isGone) {
    events.push({ type: 'unusable', class: 'config', message: `its session is gone: ${error}` })
    return
  }
  if (error !== null) {
    const { class: errorClass, retryAt } = classifyError({ text: error }, now)
    events.push({ type: 'error', class: errorClass, message: error, retryAt })
  }
  events.push({ type: 'turn.ended', message, reply, error, cost: costOf(spent), durationMs: null })
}

function readError(state: ExecState, message: string, events: ProviderEvent[]): void {
  if (message.startsWith('Reconnecting')) {
    events.push({ type: 'status', status: 'retrying', detail: message })
  } else if (message !== '') {
    state.failure = message
  }
}

function startItem(state: ExecState, item: Fields, events: ProviderEvent[]): void {
  const tool = toolOf(item)
  const id = textOf(item['id'])
  if (tool && id !== '' && !state.tools.includes(id)) {
    state.tools.push(id)
    events.push({ type: 'tool.call', id, ...tool })
  }
}

function finishItem(state: ExecState, item: Fields, events: ProviderEvent[]): void {
  const text = textOf(item['text'])
  if (toolOf(item)) {
    startItem(state, item, events)
    state.tools = state.tools.filter((id) => id !== item['id'])
    events.push(resultOf(item))
  } else if (item['type'] === 'agent_message') {
    state.reply = text
    if (text !== '') {
      events.push({ type: 'text', text: state.isMidLine ? `\n${text}` : text })
      state.isMidLine = !text.endsWith('\n')
    }
  } else if (item['type'] === 'reasoning' && text !== '') {
    events.push({ type: 'thinking', text })
  } else if (item['type'] === 'error') {
    events.push({ type: 'status', status: 'warning', detail: textOf(item['message']) })
  }
}
