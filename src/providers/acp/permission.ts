import type { RequestPermissionResponse } from '@agentclientprotocol/sdk'
import type { Answer, AskedQuestion, ProviderEvent } from '../contract.ts'
import type { Dialect } from './dialect.ts'
import { knowTool, takenBy, tellCall } from './read-update.ts'
import type { AcpState } from './state.ts'
import {
  answerLine,
  isObject,
  objectOf,
  objectsOf,
  textOf,
  type JsonObject,
  type RpcId,
} from './wire.ts'

/** A question of the program's, with the options that an answer is chosen from. The same request twice is one. */
export function askPermission(
  state: AcpState,
  dialect: Dialect,
  rpc: RpcId,
  params: JsonObject,
): ProviderEvent[] {
  const call = objectOf(params['toolCall'])
  const toolId = textOf(call['toolCallId'])
  if (state.questions.some((question) => question.rpc === rpc)) {
    return []
  }
  state.asked++
  const id = `question-${state.asked}`
  const tool = toolId === null ? null : knowTool(state, dialect, call, toolId)
  state.questions.push({ id, rpc })
  const options = objectsOf(params['options']).map(({ optionId, kind }) => ({ optionId, kind }))
  return [
    ...takenBy(state),
    ...(tool && toolId !== null ? tellCall(state, toolId, tool) : []),
    {
      type: 'question',
      id,
      tool: tool?.name ?? 'tool',
      input: tool?.input ?? null,
      title: (textOf(call['title']) ?? tool?.name ?? 'a tool').replaceAll(/\s+/g, ' '),
      reason: reasonOf(call),
      reply: { rpc, options },
    },
  ]
}

/** What the program shows beside its question. */
function reasonOf(call: JsonObject): string | null {
  const said = objectsOf(call['content']).flatMap(
    ({ content }) => textOf(objectOf(content)['text']) ?? [],
  )
  return said.length > 0 ? said.join('\n') : null
}

/**
 * The answer to a question: one of the options it came with. "For the session" is the program's
 * "always" where it has one. The protocol has no room for words: a message is not told.
 */
export function answerPermission({ reply }: AskedQuestion, answer: Answer): string {
  const { rpc, options } = objectOf(reply)
  const id = typeof rpc === 'string' || typeof rpc === 'number' ? rpc : null
  const wanted = answer.isAllowed
    ? answer.isForSession
      ? ['allow_always', 'allow_once']
      : ['allow_once', 'allow_always']
    : answer.isForSession
      ? ['reject_always', 'reject_once']
      : ['reject_once', 'reject_always']
  const offered = objectsOf(options)
  const chosen = wanted
    .map((kind) => offered.find((option) => option['kind'] === kind))
    .find(isObject)
  const optionId = textOf(chosen?.['optionId'])
  const outcome: RequestPermissionResponse['outcome'] =
    optionId === null ? { outcome: 'cancelled' } : { outcome: 'selected', optionId }
  return answerLine(id, { outcome })
}

/** Answers every open question as the protocol asks of a client that cancels a turn. */
export function cancelQuestions({ questions }: AcpState): string {
  return questions.map(({ rpc }) => answerLine(rpc, { outcome: { outcome: 'cancelled' } })).join('')
}

/** No question outlives the turn that asked it. */
export function closeQuestions(state: AcpState): ProviderEvent[] {
  const closed = state.questions.map(({ id }): ProviderEvent => ({ type: 'question.closed', id }))
  state.questions = []
  return closed
}

/** The program itself takes a question back. */
export function withdrawQuestion(state: AcpState, requestId: unknown): ProviderEvent[] {
  const found = state.questions.find(({ rpc }) => rpc === requestId)
  if (!found) {
    return []
  }
  state.questions = state.questions.filter((question) => question !== found)
  return [{ type: 'question.closed', id: found.id }]
}
