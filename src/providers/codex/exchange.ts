import { classifyError } from '../classify-error.ts'
import { declinedElicitation, questionId, questionOf } from './questions.ts'
import type { CodexState, Reading } from './state.ts'
import { joinTurn } from './turns.ts'
import { costOf } from './usage.ts'
import {
  errorText,
  fieldsOf,
  isSessionGone,
  refusal,
  request,
  requestIds,
  response,
  textOf,
  type CodexLine,
} from './wire.ts'

/** An answer to what it was asked; one to an id that nobody used is passed over. */
export function readResponse(state: CodexState, line: CodexLine, reading: Reading): void {
  const id = textOf(line.id)
  if (id === requestIds.initialize) {
    if (line.error !== undefined) {
      giveUp(line.error, reading)
    }
  } else if (id === requestIds.thread || id === requestIds.threadToInstruct) {
    readThread(state, line, reading)
  } else if (id === requestIds.instructions || id === requestIds.restore) {
    readInstructed(state, line, reading)
  } else if (id === requestIds.settings) {
    if (line.error !== undefined) {
      const detail = `Codex did not take the change: ${errorText(line.error)}`
      reading.events.push({ type: 'status', status: 'warning', detail })
    }
  } else {
    readTaken(state, id, { line, reading })
  }
}

/** The conversation is open, or can't be had. */
function readThread(state: CodexState, line: CodexLine, reading: Reading): void {
  if (state.thread !== null) {
    return
  }
  const result = fieldsOf(line.result)
  const thread = textOf(fieldsOf(result['thread'])['id'])
  if (line.error !== undefined || thread === '') {
    giveUp(line.error ?? { message: 'Codex opened no thread.' }, reading)
    return
  }
  state.thread = thread
  state.model = textOf(result['model']) || null
  state.effort = textOf(result['reasoningEffort']) || null
  reading.events.push({ type: 'session', session: thread })
  if (line.id === requestIds.thread) {
    reading.events.push({ type: 'ready' })
  }
}

/** It was told of itself, which took its model from it; it is ready once that is set again. */
function readInstructed(state: CodexState, line: CodexLine, reading: Reading): void {
  const { thread, model, effort } = state
  if (thread === null) {
    return
  }
  if (line.error !== undefined) {
    giveUp(line.error, reading)
  } else if (line.id === requestIds.restore) {
    reading.events.push({ type: 'ready' })
  } else {
    const settings = { threadId: thread, model, effort }
    const text = request(requestIds.restore, 'thread/settings/update', settings)
    reading.events.push({ type: 'input', text })
  }
}

function giveUp(error: unknown, { now, events }: Reading): void {
  const message = errorText(error)
  const isGone = isSessionGone(message)
  const found = classifyError({ text: message }, now)
  events.push({
    type: 'unusable',
    class: isGone ? 'config' : found.class,
    message: isGone ? `its session is gone: ${message}` : message,
    retryAt: found.retryAt,
  })
}

/** What became of a message: it has begun a turn, has joined one, or was not taken. */
function readTaken(
  state: CodexState,
  id: string,
  { line, reading }: { line: CodexLine; reading: Reading },
): void {
  const message = state.open.find((each) => each.id === id)
  if (!message) {
    return
  }
  const turn = textOf(fieldsOf(fieldsOf(line.result)['turn'])['id'])
  if (line.error === undefined && turn !== '') {
    joinTurn(state, turn, { message, events: reading.events })
  } else if (message.turn === null) {
    const error = errorText(line.error ?? { message: 'Codex took the message and began no turn.' })
    const found = classifyError({ text: error }, reading.now)
    state.open = state.open.filter((each) => each !== message)
    reading.events.push(
      { type: 'error', class: found.class, message: error, retryAt: found.retryAt },
      {
        type: 'turn.ended',
        message: id,
        reply: '',
        error,
        cost: costOf(null),
        durationMs: null,
      },
    )
  }
}

/** What it asks: a person is asked, once, or it gets its answer at once, so that it waits for nothing that never comes. */
export function readRequest(state: CodexState, line: CodexLine, { events }: Reading): void {
  const method = textOf(line.method)
  const params = fieldsOf(line.params)
  const tool = state.tools.find((each) => each.id === params['itemId'])
  const call = tool
    ? { name: tool.name, input: tool.changes === null ? {} : (JSON.parse(tool.changes) as unknown) }
    : null
  const question = questionOf(line.id, method, params, call)
  if (question && state.questions.some(({ id }) => id === question.id)) {
    return
  }
  if (question) {
    state.questions.push({ id: questionId(line.id), turn: textOf(params['turnId']) })
    events.push(question)
    return
  }
  const text =
    method === 'mcpServer/elicitation/request'
      ? response(line.id, declinedElicitation)
      : refusal(line.id, method)
  events.push(
    { type: 'input', text },
    { type: 'status', status: 'refused', detail: `Codex asked for ${method}` },
  )
}
