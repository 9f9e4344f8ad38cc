import { classifyError } from '../classify-error.ts'
import type { ProviderEvent } from '../contract.ts'
import { closeQuestions } from './control.ts'
import { readCost } from './read-cost.ts'
import type { ClaudeState } from './state.ts'
import type { ClaudeLine } from './wire.ts'

/** One result ends the turn of every message that had joined it; `is_error` tells, `subtype` does not. */
export function readResult(
  state: ClaudeState,
  line: ClaudeLine,
  { events, now }: { events: ProviderEvent[]; now: number },
): void {
  const said = typeof line.result === 'string' ? line.result : ''
  const isInterrupted =
    typeof line.terminal_reason === 'string' && line.terminal_reason.startsWith('aborted')
  const error = isInterrupted ? 'interrupted' : line.is_error === true ? errorOf(line, said) : null
  // A failure before anything began: the session to go on with is not there, say.
  const isUnusable = error !== null && !isInterrupted && state.session === null
  closeQuestions(state, events, ({ isOfTurn }) => isOfTurn)
  if (error !== null && !isInterrupted && !isUnusable) {
    const status = typeof line.api_error_status === 'number' ? line.api_error_status : null
    events.push({ type: 'error', ...classifyError({ status, text: error }, now), message: error })
  }
  const joined = state.open.filter(({ isAccepted }) => isAccepted)
  const messages = joined.length > 0 ? joined : state.open.slice(0, 1)
  const { cost, totalUsd } = readCost(line, state.totalUsd)
  state.totalUsd = totalUsd
  const durationMs = typeof line.duration_ms === 'number' ? line.duration_ms : null
  const reply = error === null ? said : ''
  const shared = { type: 'turn.ended', reply, error, model: state.model, durationMs } as const
  if (messages.length > 0 || !isUnusable) {
    events.push({ ...shared, message: messages[0]?.id ?? null, cost })
  }
  for (const { id } of messages.slice(1)) {
    events.push({ ...shared, message: id, cost: { usd: 0, inputTokens: 0, outputTokens: 0 } })
  }
  if (isUnusable) {
    events.push({ type: 'unusable', ...classifyError({ text: error }, now), message: error })
  }
  state.open = state.open.filter((message) => !messages.includes(message))
  state.isMidLine = false
  state.streamedMessage = null
  state.hasTurn = false
}

function errorOf({ errors, subtype }: ClaudeLine, said: string): string {
  const told = Array.isArray(errors) ? errors.map(String).join('; ') : ''
  return said || told || String(subtype)
}
