import type { Answer, AskedQuestion, DecoderState, ProviderEvent, Reload } from '../contract.ts'
import { describeQuestion } from './describe-question.ts'
import { createClaudeState, type ClaudeState } from './state.ts'
import type { ClaudeLine } from './wire.ts'

/** What an answer needs besides the question's own fields. */
interface ClaudeReply {
  requestId: string
  /** Changes of its permissions that would keep it from asking the same again. */
  suggestions: unknown[]
}

/** Something the program asks of whoever drives it: a person's decision, or what Drover has not. */
export function readControlRequest(
  state: ClaudeState,
  { request_id: id, request }: ClaudeLine,
  events: ProviderEvent[],
): void {
  if (typeof id !== 'string' || state.questions.some((open) => open.id === id)) {
    return
  }
  if (request?.subtype !== 'can_use_tool') {
    const subtype = String(request?.subtype)
    events.push(
      { type: 'input', text: errorResponse(id, `Drover has no answer to ${subtype}.`) },
      { type: 'status', status: 'refused', detail: `it asked for ${subtype}` },
    )
    return
  }
  const { tool_use_id: toolUse, permission_suggestions: suggestions } = request
  const reply: ClaudeReply = {
    requestId: id,
    suggestions: Array.isArray(suggestions) ? suggestions : [],
  }
  state.questions.push({
    id,
    toolUse: typeof toolUse === 'string' ? toolUse : null,
    isOfTurn: request.agent_id === undefined,
  })
  events.push({ type: 'question', id, ...describeQuestion(request), reply })
}

/** It takes a question back. */
export function readCancelRequest(
  state: ClaudeState,
  { request_id: id }: ClaudeLine,
  events: ProviderEvent[],
): void {
  closeQuestions(state, events, (open) => open.id === id)
}

/** Its questions that fit wait no more, though nobody answered. */
export function closeQuestions(
  state: ClaudeState,
  events: ProviderEvent[],
  fits: (question: ClaudeState['questions'][number]) => boolean,
): void {
  for (const { id } of state.questions.filter(fits)) {
    events.push({ type: 'question.closed', id })
  }
  state.questions = state.questions.filter((question) => !fits(question))
}

/** Its answer to an order of ours: noted, and told where it could not do it. */
export function readControlResponse({ response }: ClaudeLine, events: ProviderEvent[]): void {
  const id = response?.request_id
  const order = typeof id === 'string' ? /^drover-(interrupt|model|mode)-/.exec(id)?.[1] : undefined
  if (!order) {
    return
  }
  if (response?.subtype === 'error') {
    const message = `Claude Code did not take the order ${order}: ${String(response.error)}`
    events.push({ type: 'error', class: 'unknown', message })
  } else if (order === 'interrupt') {
    events.push({ type: 'status', status: 'interrupting' })
  } else if (order === 'mode') {
    events.push({ type: 'status', status: 'permissionMode' })
  } else {
    const model = response?.response?.model
    events.push({
      type: 'status',
      status: 'model',
      ...(typeof model === 'string' ? { detail: model } : {}),
    })
  }
}

/** A person's answer as a line of its input. */
export function answerClaude(question: AskedQuestion, answer: Answer): string {
  const { requestId, suggestions } = question.reply as ClaudeReply
  return successResponse(requestId, decideClaude(question, answer, suggestions))
}

/** A person's answer in its words. `suggestions` are those that came with the question. */
export function decideClaude(
  { tool, input }: Pick<AskedQuestion, 'tool' | 'input'>,
  answer: Answer,
  suggestions: readonly unknown[],
): object {
  if (!answer.isAllowed) {
    return { behavior: 'deny', message: answer.message ?? 'This was not allowed.' }
  }
  const updates = answer.isForSession ? forSession(suggestions) : []
  return {
    behavior: 'allow',
    updatedInput: tool === 'AskUserQuestion' ? withAnswers(input, answer.message) : input,
    ...(updates.length > 0 ? { updatedPermissions: updates } : {}),
  }
}

/**
 * What it proposes so as not to ask the same again, for its session alone: some of it would be written
 * into the settings of the folder. A change of its whole mode is taken only where nothing less is proposed.
 */
function forSession(suggestions: readonly unknown[]): object[] {
  const updates = suggestions
    .filter((update) => typeof update === 'object' && update !== null)
    .map((update: { type?: unknown }) => ({ ...update, destination: 'session' }))
  const exact = updates.filter(({ type }) => type !== 'setMode')
  return exact.length > 0 ? exact : updates
}

/** A person's words are the answer to each thing it asks; line by line where there are as many lines. */
function withAnswers(input: unknown, message: string | null): unknown {
  const { questions } = (input ?? {}) as { questions?: unknown }
  if (message === null || !Array.isArray(questions)) {
    return input
  }
  const lines = message.split('\n').filter((line) => line.trim() !== '')
  const answers = questions.map((asked: { question?: unknown } | null, index) => [
    String(asked?.question),
    lines.length === questions.length ? lines[index] : message,
  ])
  return { ...(input as object), answers: Object.fromEntries(answers) as object }
}

/** Ends the turn under way. A message that it has and did not begin yet is ended as it begins. */
export function interruptClaude(saved: DecoderState | null): string | null {
  const { hasTurn, open, turns } = createClaudeState(saved)
  return hasTurn || open.length > 0
    ? controlRequest(`drover-interrupt-${turns}`, { subtype: 'interrupt' })
    : null
}

/** The model counts from its next question to one on, what it may do without asking at once. */
export function reloadClaude(
  { model, options }: Reload,
  saved: DecoderState | null,
): string | null {
  const { turns } = createClaudeState(saved)
  const mode = options === undefined ? undefined : modeOf(options)
  if (mode === null) {
    return null
  }
  const orders = [
    ...(model === undefined
      ? []
      : [controlRequest(`drover-model-${turns}`, { subtype: 'set_model', model })]),
    ...(mode === undefined
      ? []
      : [controlRequest(`drover-mode-${turns}`, { subtype: 'set_permission_mode', mode })]),
  ]
  return orders.length > 0 ? orders.join('') : null
}

/** The permission mode, where nothing else changes; null: what it takes a new start for. */
function modeOf({ permissionMode, ...rest }: Readonly<Record<string, unknown>>): string | null {
  const isMode = typeof permissionMode === 'string' && permissionMode !== 'bypassPermissions'
  if (!isMode || Object.keys(rest).length > 0) {
    return null
  }
  return permissionMode === 'manual' ? 'default' : permissionMode
}

function controlRequest(id: string, request: object): string {
  return `${JSON.stringify({ type: 'control_request', request_id: id, request })}\n`
}

function successResponse(id: string, response: object): string {
  return controlResponse({ subtype: 'success', request_id: id, response })
}

function errorResponse(id: string, error: string): string {
  return controlResponse({ subtype: 'error', request_id: id, error })
}

function controlResponse(response: object): string {
  return `${JSON.stringify({ type: 'control_response', response })}\n`
}
