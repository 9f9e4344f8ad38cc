import type { ProviderEvent } from '../contract.ts'
import { asText } from './read-fields.ts'
import type { RunnerState } from './runner-state.ts'

/** Longest title, characters. */
const titleLength = 200

/** Most questions that may be open at once; of a program that asks on and on the rest is refused. */
const mostOpen = 100

/**
 * A program may use an id again; each question gets one of ours, which is unique in the run. Asked
 * again under the same id, the older one counts as withdrawn: it was answered, or is the same.
 */
export function askQuestion(state: RunnerState, value: Record<string, unknown>): ProviderEvent[] {
  const own = asText(value['id'])
  if (own === null) {
    const message = 'The program asked a question without an "id"; nobody can answer it.'
    return [{ type: 'error', class: 'config', message }]
  }
  const closed = closeQuestion(state, own)
  if (state.questions.length >= mostOpen) {
    const message = `The program has ${mostOpen} open questions; one more is not asked.`
    return [...closed, { type: 'error', class: 'config', message }]
  }
  state.asked += 1
  const id = `question_${state.asked}`
  state.questions.push({ id, own })
  const tool = asText(value['tool']) ?? ''
  const input = value['input'] ?? null
  const title = asLine(value['title']) ?? asLine(`${tool} ${JSON.stringify(input)}`) ?? own
  const reason = asText(value['reason'])
  return [...closed, { type: 'question', id, tool, input, title, reason, reply: { id: own } }]
}

/** Closes the question that the program knows by this id. */
export function closeQuestion(state: RunnerState, own: string | null): ProviderEvent[] {
  const question = state.questions.find((each) => each.own === own)
  if (!question) {
    return []
  }
  state.questions = state.questions.filter((each) => each !== question)
  return [{ type: 'question.closed', id: question.id }]
}

/** With its turn all of its questions are over. */
export function closeQuestions(state: RunnerState): ProviderEvent[] {
  const closed = state.questions.map(({ id }): ProviderEvent => ({ type: 'question.closed', id }))
  state.questions = []
  return closed
}

/** A text as one line that is not too long; null for what is no text, or empty. */
function asLine(value: unknown): string | null {
  const line =
    asText(value)
      ?.slice(0, 4 * titleLength)
      .replaceAll(/\s+/g, ' ')
      .trim() ?? ''
  return line === '' ? null : line.slice(0, titleLength)
}
