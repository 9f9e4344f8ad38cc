import type { PromptRequest, StopReason } from '@agentclientprotocol/sdk'
import { classifyError } from '../classify-error.ts'
import type { DecoderState, ErrorClass, OutgoingMessage, ProviderEvent } from '../contract.ts'
import type { Dialect } from './dialect.ts'
import { cancelQuestions, closeQuestions } from './permission.ts'
import { turnCost, turnModel } from './read-cost.ts'
import { classifyRpcError, reasonOf } from './read-failure.ts'
import { takenBy } from './read-update.ts'
import { readState, type AcpState, type Turn } from './state.ts'
import {
  methods,
  notificationLine,
  objectOf,
  requestLine,
  type RpcError,
  type RpcId,
} from './wire.ts'

/** How long a program may take to end a turn that was cancelled, ms. */
const cancelGraceMs = 10_000

/** A message as a request of its own id. The first of a session has what it is told of itself before it. */
export function encodePrompt({ id, body }: OutgoingMessage, saved: DecoderState | null): string {
  const { session, seed } = readState(saved)
  const params: PromptRequest = {
    sessionId: session ?? '',
    prompt: [
      ...(seed === null ? [] : [{ type: 'text' as const, text: seed }]),
      { type: 'text', text: body },
    ],
  }
  return requestLine(id, methods.prompt, params)
}

/** Ends the turn under way; the program stays. Null: there is none. */
export function interruptTurn(saved: DecoderState | null): string | null {
  const state = readState(saved)
  return state.turn && state.session !== null ? cancelLines(state, state.session) : null
}

function cancelLines(state: AcpState, sessionId: string): string {
  return notificationLine(methods.cancel, { sessionId }) + cancelQuestions(state)
}

/** It was greeted, so a message that is in its input is in its hands; that it took it is told by its first word. */
export function beginTurn(state: AcpState, { id }: OutgoingMessage, now: number): ProviderEvent[] {
  state.seed = null
  state.tools = {}
  state.isMidLine = false
  state.usdBefore = state.totalUsd ?? (state.isFresh ? 0 : null)
  state.turn = {
    message: id,
    startedAt: now,
    heardAt: now,
    isTaken: false,
    reply: '',
    part: null,
    hasTools: false,
    failure: null,
    hint: null,
  }
  return [{ type: 'turn.started', message: id }]
}

/** The answer to a message's request ends its turn; an answer to nothing that was asked is nothing. */
export function endTurn(
  state: AcpState,
  dialect: Dialect,
  { id, result, error, now }: { id: RpcId; result: unknown; error: RpcError | null; now: number },
): ProviderEvent[] {
  const { turn } = state
  if (!turn || id !== turn.message) {
    return []
  }
  const body = objectOf(result)
  const found =
    turn.failure ??
    (error ? { ...classifyRpcError(error, now), message: reasonOf(error) } : gaveUp(turn, now))
  const events: ProviderEvent[] = [
    ...takenBy(state),
    ...closeQuestions(state),
    ...(found ? [failureEvent(found)] : []),
    {
      type: 'turn.ended',
      message: turn.message,
      reply: turn.reply,
      error: found?.message ?? stopCause(body['stopReason']),
      cost: turnCost(state, dialect, body),
      model: turnModel(body),
      durationMs: Math.max(0, now - turn.startedAt),
    },
  ]
  state.turn = null
  state.tools = {}
  return events
}

/** A program that is interrupted in its tries may say that it is done, with nothing to show for it. */
function gaveUp({ hint, reply, hasTools }: Turn, now: number): Finding | null {
  return hint !== null && reply === '' && !hasTools
    ? { ...classifyError({ text: hint }, now), message: hint }
    : null
}

interface Finding {
  class: ErrorClass
  message: string
  retryAt?: number | null
}

function failureEvent({ class: group, message, retryAt }: Finding): ProviderEvent {
  return { type: 'error', class: group, message, ...(retryAt ? { retryAt } : {}) }
}

const stopCauses: Readonly<Record<StopReason, string | null>> = {
  end_turn: null,
  cancelled: 'interrupted',
  max_tokens: 'it stopped at its limit of tokens',
  max_turn_requests: 'it stopped at its limit of model calls in a turn',
  refusal: 'it refused to go on',
}

function stopCause(reason: unknown): string | null {
  return typeof reason === 'string' && Object.hasOwn(stopCauses, reason)
    ? stopCauses[reason as StopReason]
    : null
}

/** When a silent turn is given up, Unix ms; null: it is not, or there is none. */
export function silenceDueAt(state: AcpState, { silentMs }: Dialect, now: number): number | null {
  const { turn, questions, tools } = state
  if (!turn) {
    return null
  }
  if (turn.failure) {
    return Math.min(turn.failure.at, now) + cancelGraceMs
  }
  const isAtWork = Object.values(tools).some(({ isTold, isOver }) => isTold && !isOver)
  const mayBeSilent = silentMs === 0 || questions.length > 0 || isAtWork
  return mayBeSilent ? null : Math.min(turn.heardAt, now) + silentMs
}

/**
 * First the turn is cancelled, and its end is waited for, so that nothing of it is taken for the
 * next. A program that does not even answer that can't be used any more.
 */
export function giveUpTurn(state: AcpState, dialect: Dialect, now: number): ProviderEvent[] {
  const { turn, session } = state
  if (!turn) {
    return []
  }
  if (turn.failure === null) {
    const said = turn.hint === null ? '' : ` Last it said: ${turn.hint}`
    const message = `${dialect.title} said nothing for ${dialect.silentMs / 1000} s (options.silentMs).${said}`
    const found = classifyError({ text: turn.hint }, now).class
    const isKnown = turn.hint !== null && found !== 'unknown'
    turn.failure = { class: isKnown ? found : dialect.silenceClass, message, at: now }
    return [{ type: 'input', text: cancelLines(state, session ?? '') }]
  }
  const { failure, message } = turn
  const error = { code: null, message: failure.message, data: null }
  return [
    ...endTurn(state, dialect, { id: message, result: null, error, now }),
    { type: 'unusable', class: failure.class, message: `${dialect.title} can't be interrupted.` },
  ]
}
