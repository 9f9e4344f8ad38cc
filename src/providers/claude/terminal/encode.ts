import { encodeStrokes } from '../../../core/strokes.ts'
import type { AskedQuestion, Answer, DecoderState, OutgoingMessage } from '../../contract.ts'
import { decideClaude } from '../control.ts'
import { pastable } from '../../terminal/submit-text.ts'
import { createTerminalState } from './state.ts'

/** Between the strokes of a message, so that a redraw of the program lies between them, ms. */
const pauseMs = 300

/** Puts what a person left in the input box aside; it is there again once a message was sent. */
const stash = '\u0013'
const enter = '\r'
const escape = '\u001B'
/**
 * Keys that send what is in the input box, and that mean nothing to a dialog: one that opens just
 * then is not answered by them, as it would be by Enter. The second is one of ours, see `queueKeys`.
 */
const sendNow = '\u0018\u0013'
const sendIntoTurn = '\u0018\u0011'

/** What its `keybindings.json` must have for a message to join a turn. */
export const queueKeys = {
  context: 'Chat',
  bindings: { 'ctrl+x ctrl+q': 'chat:queueSubmit' },
} as const

/** A message as strokes; one that is to join a turn is typed by the decoder, once nothing is in its way. */
export function encodeForTerminal({ body, isSteering = false }: OutgoingMessage): string {
  return isSteering ? '' : typeMessage(body, false)
}

/** Types a message. The blank behind it ends what the box would complete: a file's name, a `\`. */
export function typeMessage(body: string, isIntoTurn: boolean): string {
  return encodeStrokes([
    { stroke: 'keys', text: stash },
    { stroke: 'pause', ms: pauseMs },
    ...inPieces(`${asText(body)} `).map((text) => ({ stroke: 'paste', text }) as const),
    { stroke: 'pause', ms: pauseMs },
    { stroke: 'keys', text: isIntoTurn ? sendIntoTurn : sendNow },
  ])
}

/** What is longer, or of more lines, is shown to the model as something that was pasted. */
const longestPiece = 600
const mostLineEnds = 2
/** So many pieces are typed; a text of more is one paste. */
const mostPieces = 100

function inPieces(text: string): string[] {
  const pieces = [...pieceByPiece(text)]
  return pieces.length > mostPieces ? [text] : pieces
}

function* pieceByPiece(text: string): Generator<string> {
  let piece = ''
  let lineEnds = 0
  for (const character of text) {
    if (piece.length >= longestPiece || lineEnds === mostLineEnds) {
      yield piece
      piece = ''
      lineEnds = 0
    }
    piece += character
    lineEnds += character === '\n' ? 1 : 0
  }
  yield piece
}

/** Enter: for a message that stands in the input box and was not taken. */
export function pressEnter(): string {
  return encodeStrokes([{ stroke: 'keys', text: enter }])
}

/** What the input box takes for orders: a message that begins so, or says no more, is led in by a word. */
const orders = /^\s*(?:[/!?]|(?:exit|quit|:q!?|:wq!?)\s*$)/

function asText(body: string): string {
  const text = pastable(body)
  return orders.test(text) ? `Message: ${text.trimStart()}` : text
}

/** Ends the turn under way; null: there is none. */
export function interruptAtTerminal(saved: DecoderState | null): string | null {
  const { turn, given } = createTerminalState(saved)
  const isBusy = turn !== null || given.some(({ isSubmitted }) => isSubmitted)
  // A key that follows at once would be taken for one with Alt.
  return isBusy
    ? encodeStrokes([
        { stroke: 'keys', text: escape },
        { stroke: 'pause', ms: pauseMs },
      ])
    : null
}

/** An answer for the hook that waits for it. */
export function answerAtTerminal(question: AskedQuestion, answer: Answer): string {
  const { suggestions = [] } = (question.reply ?? {}) as { suggestions?: unknown[] }
  const decision = decideClaude(question, answer, [...suggestions, ...ruleFor(question)])
  const output = { hookSpecificOutput: { hookEventName: 'PermissionRequest', decision } }
  return encodeStrokes([{ stroke: 'answer', name: question.id, text: JSON.stringify(output) }])
}

/** At a terminal it often proposes no rule. A command as it is can be one, where no `*` in it is a pattern. */
function ruleFor({ tool, input }: AskedQuestion): object[] {
  const { command } = (input ?? {}) as { command?: unknown }
  return tool === 'Bash' && typeof command === 'string' && !command.includes('*')
    ? [{ type: 'addRules', rules: [{ toolName: tool, ruleContent: command }], behavior: 'allow' }]
    : []
}

/** Lets a hook go whose question was answered elsewhere. */
export function releaseHook(id: string): string {
  return encodeStrokes([{ stroke: 'answer', name: id, text: '' }])
}
