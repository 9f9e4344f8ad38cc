import type { Decoder, DecoderState, ProviderEvent } from '../../contract.ts'
import { parseNote, type Note } from '../../terminal/notes.ts'
import { readPart } from './read-part.ts'
import { askPerson } from './questions.ts'
import { fieldsOf, textOf, type Fields } from './fields.ts'
import { createOpencodeState, type OpencodeState, type Spent } from './state.ts'
import { classifyError } from '../../classify-error.ts'
import { endTurn, takeText, type Reading } from './turn.ts'

/** Reads of an OpenCode at a terminal what the plugin notes. Its screen is not read. */
export function createOpencodeDecoder(saved: DecoderState | null): Decoder {
  const state: OpencodeState = { ...createOpencodeState(), ...saved }
  return {
    isBlindToScreen: true,
    sent({ id }) {
      state.given.push(id)
      return []
    },
    push(stream, lines, { now }) {
      const events: ProviderEvent[] = []
      for (const note of stream === 'notes' ? lines.map(parseNote) : []) {
        if (note) {
          readNote(state, note, { now, events })
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

function readNote(state: OpencodeState, { event, data }: Note, reading: Reading): void {
  const { events } = reading
  if (event === 'ready') {
    events.push({ type: 'ready' })
  } else if (event === 'failed') {
    readRefusal(state, data, reading)
  } else if (event === 'aborting') {
    Object.assign(state.turn ?? {}, { isAborting: true })
  } else if (event === 'chat.message') {
    readText(state, data, reading)
  } else if (event === 'session.created') {
    noteChild(state, fieldsOf(data['info']))
  } else if (isOwn(state, data)) {
    readEvent(state, { event, data }, reading)
  }
}

/** Of the session, or of one that works for it. */
function isOwn({ session, children }: OpencodeState, data: Fields): boolean {
  const id = textOf(data['sessionID']) || textOf(fieldsOf(data['info'])['id'])
  return id !== '' && (id === session || children.includes(id))
}

function noteChild(state: OpencodeState, { id, parentID }: Fields): void {
  const parent = textOf(parentID)
  if (parent !== '' && (parent === state.session || state.children.includes(parent))) {
    state.children.push(textOf(id))
  }
}

/** A text in a session that no other one began: that is the conversation. */
function readText(state: OpencodeState, data: Fields, reading: Reading): void {
  const session = textOf(data['sessionID'])
  if (state.children.includes(session)) {
    return
  }
  if (session !== state.session) {
    endTurn(state, reading)
    Object.assign(state, { session, children: [], totalUsd: null })
    reading.events.push({ type: 'session', session })
  }
  takeText(state, textOf(data['message']) || null, reading)
}

function readEvent(
  state: OpencodeState,
  { event, data }: Pick<Note, 'event' | 'data'>,
  reading: Reading,
): void {
  const isMain = data['sessionID'] === state.session
  switch (event) {
    case 'message.updated':
      return readAnswer(state, fieldsOf(data['info']), isMain)
    case 'message.part.updated':
      return readPart(state, fieldsOf(data['part']), { ...reading, isMain })
    case 'session.updated': {
      const { id, cost } = fieldsOf(data['info'])
      state.totalUsd = id === state.session && typeof cost === 'number' ? cost : state.totalUsd
      return
    }
    case 'session.error':
      return isMain ? readFailure(state, fieldsOf(data['error']), reading) : undefined
    case 'session.status':
      return readStatus(fieldsOf(data['status']), reading)
    case 'session.idle':
      return isMain ? endTurn(state, reading) : undefined
    case 'permission.asked':
      return askPerson(state, data, reading.events)
    case 'permission.replied':
      return closeQuestion(state, textOf(data['requestID']), reading)
  }
}

function closeQuestion(state: OpencodeState, id: string, { events }: Reading): void {
  if (state.questions.includes(id)) {
    state.questions = state.questions.filter((each) => each !== id)
    events.push({ type: 'question.closed', id })
  }
}

function readAnswer({ turn }: OpencodeState, info: Fields, isMain: boolean): void {
  const id = textOf(info['id'])
  if (!turn || info['role'] !== 'assistant' || id === '') {
    return
  }
  if (isMain && !turn.answers.includes(id)) {
    turn.answers.push(id)
  }
  turn.model = isMain ? textOf(info['modelID']) || turn.model : turn.model
  const spent = readSpent(info)
  if (spent.input + spent.output > 0) {
    turn.costs[id] = spent
  }
}

/** What was cached is told beside the input; reasoning is told beside the output. */
function readSpent({ cost, tokens }: Fields): Spent {
  const { input, output, reasoning, cache } = fieldsOf(tokens)
  const { read, write } = fieldsOf(cache)
  const cached = countOf(read)
  return {
    usd: typeof cost === 'number' && cost >= 0 ? cost : 0,
    input: countOf(input) + cached + countOf(write),
    output: countOf(output) + countOf(reasoning),
    cached,
    reasoning: countOf(reasoning),
  }
}

function countOf(value: unknown): number {
  return Number.isSafeInteger(value) ? Math.max(0, value as number) : 0
}

/** It tries again by itself, and says so. */
function readStatus({ type, message }: Fields, { events }: Reading): void {
  if (type === 'retry') {
    events.push({ type: 'status', status: 'retrying', detail: textOf(message) })
  }
}

/** `{name: "APIError", data: {message, statusCode, responseBody}}`, or that it was told to end. */
function readFailure({ turn }: OpencodeState, error: Fields, { now, events }: Reading): void {
  const { message, statusCode, responseBody } = fieldsOf(error['data'])
  const name = textOf(error['name'])
  if (name === 'MessageAbortedError' && turn) {
    turn.isCancelled = true
    return
  }
  const status = typeof statusCode === 'number' ? statusCode : null
  const said = textOf(message) || name || 'OpenCode did not say why'
  const text = `${said} ${textOf(responseBody)}`
  const { class: errorClass, retryAt } = classifyError({ status, text }, now)
  const failure = { class: errorClass, message: said, retryAt }
  if (turn) {
    turn.failure = failure
  } else {
    events.push({ type: 'error', ...failure })
  }
}

/** What was to be done could not be: a message that it did not take is a turn that failed. */
function readRefusal(state: OpencodeState, { name, error }: Fields, reading: Reading): void {
  const id = textOf(name).replace(/^say-/, '')
  const { class: errorClass } = classifyError({ text: textOf(error) }, reading.now)
  if (!textOf(name).startsWith('say-') || !state.given.includes(id) || state.turn) {
    reading.events.push({ type: 'status', status: 'warning', detail: textOf(error) })
    return
  }
  takeText(state, id, reading)
  const turn = state.turn!
  turn.failure = { class: errorClass, message: textOf(error), retryAt: null }
  endTurn(state, reading)
}
