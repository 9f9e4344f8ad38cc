import type { AskedQuestion } from '../providers/contract.ts'
import type { ApprovalRow, ApprovalEnd, RunRow } from '../store/index.ts'
import { speechOf, type DaemonContext } from './context.ts'
import { faultPoint } from './fault-point.ts'
import type { Records } from './records.ts'
import { refusalOf } from './refusal.ts'
import { putInput } from './run-input.ts'

/** Who decided, where that was no person. */
export const byPolicy = 'policy'
export const byDrover = 'drover'

export type Decision = Omit<ApprovalEnd, 'now' | 'state'> & {
  state: 'allowed' | 'denied' | 'expired'
}

/**
 * Puts down how a question was answered, and with it the answer itself, as bytes for the program or
 * as a message; part of the transaction under way. So whoever dies after it, the answer comes once.
 */
export function decideQuestion(records: Records, row: ApprovalRow, decision: Decision): void {
  const { store, now } = records.context
  if (!store.approvals.end(row.id, { ...decision, now: now() })) {
    return
  }
  const { state, by, cause, message, isForSession } = decision
  const data = { id: row.id, state, by, cause, message, isForSession }
  records.event(row.agent_id, 'approval.decided', data, row.run_id)
  store.afterCommit(() => faultPoint('approval-decided'))
  const run = store.runs.get(row.run_id)
  if (run && isTellable(records.context, run)) {
    store.runs.touch(run.id, now())
    answerRun(records, run, { ...row, state, message, is_for_session: isForSession ? 1 : 0 })
  } else if (state !== 'expired' && by !== byPolicy && !refusalOfOwner(records.context, row)) {
    sendAnswer(records, row, decision)
  }
}

/** Nobody is to answer it any more; part of the transaction under way. */
export function withdrawQuestion(records: Records, row: ApprovalRow, cause: string): void {
  const { store, now } = records.context
  const end = { by: null, cause, message: null, isForSession: false, now: now() }
  if (store.approvals.end(row.id, { ...end, state: 'withdrawn' })) {
    records.event(row.agent_id, 'approval.withdrawn', { id: row.id, cause }, row.run_id)
  }
}

/** The run that asked goes on, so that its program still waits for the answer. */
export function isTellable({ store }: Pick<DaemonContext, 'store'>, run: RunRow): boolean {
  const agent = store.agents.get(run.agent_id)
  const isStaying = agent && !agent.hold && agent.is_removing === 0
  return run.ended_at === null && run.stop_reason === null && isStaying === true
}

/** Tells the program what was decided. One that can't be told waits for ever: its run is ended. */
export function answerRun(records: Records, run: RunRow, row: ApprovalRow): void {
  const { store, log } = records.context
  try {
    const text = answerText(records.context, run, row)
    putInput(store, { runId: run.id, text, approvalId: row.id })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    log.error({ err: error, run: run.id, approval: row.id }, 'a question could not be answered')
    store.runs.setUnusable(run.id)
    const message = `its question could not be answered: ${why}`
    store.runs.setError(run.id, { class: 'crash', message, retryAt: null })
  }
}

function answerText(
  context: DaemonContext,
  run: RunRow,
  {
    question,
    tool,
    input,
    reply,
    state,
    cause,
    message,
    is_for_session: isForSession,
  }: ApprovalRow,
): string {
  const speech = speechOf(context, run)
  if (!speech.answer) {
    throw new Error(`the ${run.provider} provider can't answer questions`)
  }
  const isAllowed = state === 'allowed'
  const asked: AskedQuestion = {
    id: question,
    tool,
    input: JSON.parse(input) as unknown,
    reply: JSON.parse(reply) as unknown,
  }
  const said = message ?? (state === 'withdrawn' ? cause : null)
  return speech.answer(asked, { isAllowed, isForSession: isForSession === 1, message: said })
}

/** The program that asked is gone and with it its question: its agent is told in words. */
export function sendAnswer(
  records: Records,
  row: ApprovalRow,
  answer: Pick<Decision, 'by' | 'state' | 'message'>,
): void {
  const { store, now } = records.context
  // The same answer is the same message.
  const id = `approval:${row.id}`
  if (store.messages.get(id)) {
    return
  }
  const from = byDrover
  store.approvals.setSent(row.id, id)
  store.messages.insert({
    id,
    agentId: row.agent_id,
    sender: from,
    body: messageText(row, answer),
    state: 'stored',
    cause: null,
    now: now(),
  })
  store.agents.touch(row.agent_id, now())
  records.event(row.agent_id, 'message.state', { id, state: 'stored', cause: null, from })
}

function messageText(
  { title, tool }: ApprovalRow,
  { by, state, message }: Pick<Decision, 'by' | 'state' | 'message'>,
): string {
  const isAllowed = state === 'allowed'
  return [
    'A question of yours was answered after the run in which you asked it had ended.',
    `You asked to use ${tool}: ${title}`,
    `The answer of ${by ?? 'nobody'}: ${isAllowed ? 'allowed' : 'denied'}.`,
    ...(message === null ? [] : [`They say: ${message}`]),
    isAllowed
      ? 'Nothing of it was done yet. Do it now if it is still needed: asked for in the very same way, it is allowed once without a question.'
      : 'Do not do it. Go on without it.',
  ].join('\n')
}

function refusalOfOwner(context: DaemonContext, row: ApprovalRow): boolean {
  const agent = context.store.agents.get(row.agent_id)
  return !agent || refusalOf(context, agent) !== null
}
