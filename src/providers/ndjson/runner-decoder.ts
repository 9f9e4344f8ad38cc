import type {
  Decoder,
  DecoderState,
  OutgoingMessage,
  ProviderEvent,
  PushContext,
} from '../contract.ts'
import { unmeasured } from '../contract.ts'
import { isRecord, parseObject, runnerProtocolVersion } from './protocol.ts'
import {
  asErrorClass,
  asNumber,
  asText,
  readCost,
  readError,
  readEvent,
  readModel,
} from './read-fields.ts'
import { appendEvents } from './append-events.ts'

/** Text kept of a turn for a program that leaves `reply` out, characters. */
const keptReplyLength = 64 * 1024

/** A turn between `agent_started` and `agent_stopped`. */
interface OpenTurn {
  message: string | null
  startedAt: number
  text: string
}

/** Plain JSON, whole between any two lines. */
interface RunnerState {
  v: 1
  /** Messages given and not yet taken, oldest first. */
  waiting: string[]
  turn: OpenTurn | null
  /** The message whose turn ended last; a second end of it is not a second turn. */
  lastEnded: string | null
  /** The last line of stdout was cut: the next is its rest. */
  isInLine: boolean
}

/**
 * The reader of the runner protocol, tolerant by design: unknown types are skipped, a wrong or
 * missing id means the turn that is open, lines in no known form become `output`. It never throws.
 */
export function createRunnerDecoder(saved: DecoderState | null): Decoder {
  const state = restoreState(saved)
  return {
    sent(message: OutgoingMessage) {
      state.waiting.push(message.id)
      return []
    },
    push(stream, lines, context) {
      const events: ProviderEvent[] = []
      for (const [index, line] of lines.entries()) {
        const isCut = context.isCut && index === lines.length - 1
        appendEvents(events, readLine(state, line, { stream, isCut, now: context.now }))
      }
      return events
    },
    dueAt: () => null,
    due: () => [],
    // Every turn has an end of its own in this protocol: one that is still open was not answered.
    ended: () => [],
    snapshot: () => structuredClone(state) as unknown as DecoderState,
  }
}

function restoreState(saved: DecoderState | null): RunnerState {
  const fresh: RunnerState = { v: 1, waiting: [], turn: null, lastEnded: null, isInLine: false }
  return saved ? { ...fresh, ...(structuredClone(saved) as Partial<RunnerState>) } : fresh
}

interface LineContext extends PushContext {
  stream: 'out' | 'err'
}

function readLine(
  state: RunnerState,
  line: string,
  { stream, isCut, now }: LineContext,
): ProviderEvent[] {
  if (stream === 'err') {
    return [toOutput(stream, line, isCut)]
  }
  const isPiece = state.isInLine || isCut
  state.isInLine = isCut
  const value = isPiece ? null : parseObject(line)
  if (typeof value?.['type'] !== 'string') {
    return line === '' && !isPiece ? [] : [toOutput(stream, line, isCut)]
  }
  return readMessage(state, value, now)
}

/** Lines keep their newline, pieces have none. */
function toOutput(stream: 'out' | 'err', line: string, isCut: boolean): ProviderEvent {
  return { type: 'output', stream, text: isCut ? line : `${line}\n` }
}

function readMessage(
  state: RunnerState,
  value: Record<string, unknown>,
  now: number,
): ProviderEvent[] {
  const id = asText(value['id'])
  switch (value['type']) {
    case 'ready':
      return readReady(value)
    case 'agent_started':
      return startTurn(state, id, now)
    case 'agent_event':
      return readTurnEvent(state, value, now)
    case 'agent_stopped':
      return stopTurn(state, value, now)
    case 'agent_error': {
      const message = asText(value['message']) ?? 'The program named no reason.'
      const error: ProviderEvent = { type: 'error', class: asErrorClass(value['class']), message }
      const isOfTurn = id !== null && state.turn?.message === id
      return isOfTurn ? [error, ...endOpenTurn(state, message, now)] : [error]
    }
    default:
      return []
  }
}

function readReady(value: Record<string, unknown>): ProviderEvent[] {
  const events: ProviderEvent[] = []
  const protocol = asNumber(value['protocol']) ?? runnerProtocolVersion
  if (protocol > runnerProtocolVersion) {
    const message = `The program speaks runner protocol ${protocol}; this Drover knows ${runnerProtocolVersion}.`
    events.push({ type: 'error', class: 'config', message })
  }
  const session = asText(value['session'])
  if (session) {
    events.push({ type: 'session', session })
  }
  return [...events, { type: 'ready' }]
}

/** A program does one turn at a time: a start without the end of the one before ends that one. */
function startTurn(state: RunnerState, id: string | null, now: number): ProviderEvent[] {
  if (state.turn && state.turn.message === id) {
    return []
  }
  const events = endOpenTurn(state, 'The program began another turn without ending this one.', now)
  const place = id === null ? 0 : state.waiting.indexOf(id)
  const message = place === -1 ? null : (state.waiting.splice(place, 1)[0] ?? null)
  state.turn = { message, startedAt: now, text: '' }
  if (message !== null) {
    events.push({ type: 'accepted', message })
  }
  events.push({ type: 'turn.started', message })
  return events
}

function readTurnEvent(
  state: RunnerState,
  value: Record<string, unknown>,
  now: number,
): ProviderEvent[] {
  const event = isRecord(value['event']) ? readEvent(value['event']) : null
  if (!event) {
    return []
  }
  const events = beginIfWaiting(state, asText(value['id']), now)
  if (event.type === 'text' && state.turn) {
    const room = keptReplyLength - state.turn.text.length
    state.turn.text += room > 0 ? event.text.slice(0, room) : ''
  }
  return [...events, event]
}

/** A program may leave `agent_started` out: the first line about a waiting message begins its turn. */
function beginIfWaiting(state: RunnerState, id: string | null, now: number): ProviderEvent[] {
  return id !== null && state.turn?.message !== id && state.waiting.includes(id)
    ? startTurn(state, id, now)
    : []
}

function stopTurn(
  state: RunnerState,
  value: Record<string, unknown>,
  now: number,
): ProviderEvent[] {
  const id = asText(value['id'])
  if (!state.turn && id !== null && id === state.lastEnded) {
    return []
  }
  const events = beginIfWaiting(state, id, now)
  if (!state.turn) {
    events.push(...startTurn(state, id, now))
  }
  const { message = null, startedAt = now, text = '' } = state.turn ?? {}
  const reply = asText(value['reply']) ?? text
  if (text === '' && reply !== '') {
    events.push({ type: 'text', text: reply })
  }
  const error = readError(value['error'])
  if (error) {
    const { until, ...said } = error
    events.push({ type: 'error', ...said, ...(until === undefined ? {} : { retryAt: until }) })
    if (error.until !== undefined) {
      events.push({ type: 'limited', until: error.until, cause: error.message })
    }
  }
  const durationMs = asNumber(value['duration_ms']) ?? now - startedAt
  events.push({
    type: 'turn.ended',
    message,
    reply,
    error: error?.message ?? null,
    cost: readCost(value),
    ...readModel(value),
    durationMs,
  })
  state.turn = null
  state.lastEnded = message
  return events
}

function endOpenTurn(state: RunnerState, error: string, now: number): ProviderEvent[] {
  if (!state.turn) {
    return []
  }
  const { message, startedAt, text } = state.turn
  state.turn = null
  state.lastEnded = message
  return [
    {
      type: 'turn.ended',
      message,
      reply: text,
      error,
      cost: unmeasured,
      durationMs: now - startedAt,
    },
  ]
}
