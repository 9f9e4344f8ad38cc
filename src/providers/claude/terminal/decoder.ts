import type { Decoder, DecoderState, OutgoingMessage, Stream } from '../../contract.ts'
import { pressEnter, typeMessage } from './encode.ts'
import { printOf } from './print.ts'
import { becomeReady, readNote } from './read-notes.ts'
import { readTranscriptLine } from './read-transcript.ts'
import { createTerminalState, type GivenMessage, type TerminalState } from './state.ts'
import { beginTurn, endTurn, type Telling } from './turn.ts'

/** A session began and nothing says that keys are read: they are taken to be after this long, ms. */
const readyMs = 15_000

/** What is typed and not taken gets another Enter after so long, ms, so often; then it has failed. */
const enterMs = 4000
const mostTries = 3

/** What was taken from the input box begins within this long while no turn is under way, ms. */
const beginMs = 60_000

/**
 * Reads what the hooks of Claude Code at a terminal noted and the transcript that it keeps; its
 * screen is not looked at.
 */
export function createTerminalDecoder(saved: DecoderState | null): Decoder {
  const state = createTerminalState(saved)
  return {
    isBlindToScreen: true,
    sent(message, now) {
      noteGiven(state, message, now)
      const told: Telling = { events: [], now }
      typeHeld(state, told)
      return told.events
    },
    push(stream, lines, { now, isCut }) {
      const told: Telling = { events: [], now }
      for (const [index, line] of lines.entries()) {
        if (isCut && index === lines.length - 1) {
          readPiece(state, { stream, piece: line }, told)
        } else if (stream === 'notes') {
          readNote(state, line, told)
        } else if (stream === 'transcript') {
          readTranscriptLine(state, line, told)
        } else if (line !== '') {
          told.events.push({ type: 'output', stream, text: `${line}\n` })
        }
      }
      typeHeld(state, told)
      return told.events
    },
    dueAt(now) {
      const times = dueTimes(state, now)
      return times.length > 0 ? Math.min(...times) : null
    },
    due(now) {
      const told: Telling = { events: [], now }
      takeDue(state, told)
      return told.events
    },
    ended(now) {
      const told: Telling = { events: [], now }
      if (state.turn?.over) {
        endTurn(state, {}, told)
      }
      return told.events
    },
    snapshot: () => state,
  }
}

/** From so many characters on, a message's line may be longer than what is read as one. */
const hugeMessage = 200_000

/** The beginning of a line that is too long. Only that of a huge message is of use. */
function readPiece(
  state: TerminalState,
  { stream, piece }: { stream: Stream; piece: string },
  told: Telling,
): void {
  const [message] = state.given
  if (!message || message.print.length < hugeMessage || !piece.startsWith('{')) {
    return
  }
  const head = piece.slice(0, 2000)
  if (stream === 'notes' && head.includes('"hook_event_name":"UserPromptSubmit"')) {
    message.isSubmitted = true
  } else if (stream === 'transcript' && /"type":"user","message":\{"role":"user"/.test(head)) {
    beginTurn(state, message, told)
  }
}

function noteGiven(
  state: TerminalState,
  { id, body, isSteering = false }: OutgoingMessage,
  now: number,
): void {
  const print = printOf(body)
  const held = isSteering ? body : null
  state.given.push({ id, print, isSteering, at: now, tries: 0, isSubmitted: false, held })
}

/** Types what is to join a turn, unless a question would swallow it. */
function typeHeld(state: TerminalState, { events, now }: Telling): void {
  if (state.questions.length > 0) {
    return
  }
  for (const message of state.given) {
    if (message.held !== null) {
      events.push({ type: 'input', text: typeMessage(message.held, state.turn !== null) })
      message.held = null
      message.at = now
    }
  }
}

/** Times of what is due, Unix ms. */
function dueTimes(state: TerminalState, now: number): number[] {
  const { turn, startedAt, isReady } = state
  const [message] = state.given
  return [
    ...(isReady || startedAt === null ? [] : [Math.min(startedAt, now) + readyMs]),
    ...(turn?.over ? [Math.min(turn.over.at, now) + turn.over.ms] : []),
    ...(message && isStuck(state, message) ? [dueOf(message, now)] : []),
  ]
}

/** Whether something is to be done about it once it is due. In a turn Enter could answer a question. */
function isStuck({ turn, questions }: TerminalState, { held }: GivenMessage): boolean {
  return turn === null && questions.length === 0 && held === null
}

function dueOf({ at, tries, isSubmitted }: GivenMessage, now: number): number {
  return Math.min(at, now) + (isSubmitted ? beginMs : enterMs * (tries + 1))
}

function takeDue(state: TerminalState, told: Telling): void {
  const { now, events } = told
  if (!state.isReady && state.startedAt !== null && now >= state.startedAt + readyMs) {
    becomeReady(state, told)
  }
  const { over } = state.turn ?? {}
  if (over && now >= over.at + over.ms) {
    endTurn(state, {}, told)
  }
  const [message] = state.given
  if (!message || !isStuck(state, message) || now < dueOf(message, now)) {
    return
  }
  if (!message.isSubmitted && message.tries < mostTries) {
    message.tries++
    events.push({ type: 'input', text: pressEnter() })
    return
  }
  state.given.shift()
  const error = message.isSubmitted
    ? 'Claude Code took the message and did not begin it'
    : 'Claude Code did not take the message: something else has its keys; `drover attach` shows what'
  const cost = { usd: 0, inputTokens: 0, outputTokens: 0 }
  events.push({
    type: 'turn.ended',
    message: message.id,
    reply: '',
    error,
    cost,
    durationMs: null,
  })
}
