import { encodeStrokes } from '../../../core/strokes.ts'
import type { Answer, AskedQuestion, ProviderEvent } from '../../contract.ts'
import { fieldsOf, textOf, type Fields } from './fields.ts'
import type { OpencodeState } from './state.ts'

/** It asks at its terminal, too; whoever answers first has answered. */
export function askPerson(state: OpencodeState, asked: Fields, events: ProviderEvent[]): void {
  const id = textOf(asked['id'])
  const tool = textOf(asked['permission'])
  const metadata = fieldsOf(asked['metadata'])
  const patterns = Array.isArray(asked['patterns']) ? asked['patterns'].map(textOf) : []
  if (id === '' || state.questions.includes(id)) {
    return
  }
  state.questions.push(id)
  const what = textOf(metadata['command']) || textOf(metadata['filepath']) || patterns.join(', ')
  events.push({
    type: 'question',
    id,
    tool,
    input: { ...metadata, patterns },
    title: titleOf(tool, what),
    reason: null,
    reply: null,
  })
}

function titleOf(tool: string, what: string): string {
  switch (tool) {
    case 'bash':
      return `run ${what}`
    case 'edit':
      return `change ${what}`
    case 'external_directory':
      return `reach outside its folder: ${what}`
    default:
      return `use ${tool}${what === '' ? '' : `: ${what}`}`
  }
}

/** The plugin hands it over; a no with words goes on with them, one without ends the turn. */
export function encodeReply(
  { id }: AskedQuestion,
  { isAllowed, isForSession, message }: Answer,
): string {
  const reply = isAllowed
    ? { reply: isForSession ? 'always' : 'once' }
    : { reply: 'reject', message: message || 'It was denied.' }
  return encodeStrokes([{ stroke: 'answer', name: id, text: JSON.stringify(reply) }])
}
