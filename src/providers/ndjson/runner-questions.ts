import type { ProviderEvent } from '../contract.ts'
import { asText } from './read-fields.ts'
import type { RunnerState } from './runner-state.ts'

/** Longest title made of a tool and its input, characters. */
const titleLength = 200

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
  state.asked += 1
  const id = `question_${state.asked}`
  state.questions.push({ id, own })
  const tool = asText(value['tool']) ?? ''
  const input = value['input'] ?? null
  const title = asText(value['title']) ?? `${tool} ${JSON.stringify(input)}`.slice(0, titleLength)
  const reason = asText(value['reason'])
  return [
    ...closed,
    { type: 'question', id, tool, input, title: title.trim(), reason, reply: { id: own } },
  ]
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
