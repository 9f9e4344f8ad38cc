import { pushJoined, pushText, startText } from '../../push-text.ts'
import { fieldsOf, textOf, type Fields } from './fields.ts'
import type { OpencodeState, OpencodeTurn } from './state.ts'
import type { Reading } from './turn.ts'

/** A part of an answer of the model: text and thoughts once they are whole, tools as they begin and end. */
export function readPart(
  state: OpencodeState,
  part: Fields,
  { events, isMain }: Reading & { isMain: boolean },
): void {
  const { turn } = state
  const id = textOf(part['id'])
  if (!turn || id === '') {
    return
  }
  const isSaid = isMain && turn.answers.includes(textOf(part['messageID']))
  const text = textOf(part['text'])
  const isWhole = typeof fieldsOf(part['time'])['end'] === 'number'
  if (part['type'] === 'tool') {
    readTool(turn, part, events)
  } else if (isSaid && isWhole && text !== '' && isNew(turn, id)) {
    if (part['type'] === 'text') {
      startText(state, events)
      pushText(state, text, events)
      turn.reply = text
    } else if (part['type'] === 'reasoning') {
      pushJoined(events, { type: 'thinking', text })
    }
  }
}

function readTool(turn: OpencodeTurn, part: Fields, events: Reading['events']): void {
  const id = textOf(part['callID']) || textOf(part['id'])
  const { status, input, output, error } = fieldsOf(part['state'])
  const isOver = status === 'completed' || status === 'error'
  if ((status === 'running' || isOver) && isNew(turn, `call ${id}`)) {
    events.push({ type: 'tool.call', id, name: textOf(part['tool']), input: input ?? {} })
  }
  if (isOver && isNew(turn, `result ${id}`)) {
    const isError = status === 'error'
    events.push({ type: 'tool.result', id, output: textOf(isError ? error : output), isError })
  }
}

/** Told for the first time. */
function isNew(turn: OpencodeTurn, what: string): boolean {
  const isKnown = turn.known.includes(what)
  if (!isKnown) {
    turn.known.push(what)
  }
  return !isKnown
}
