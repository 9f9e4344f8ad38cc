import type { Judgement } from '../core/approval-policy.ts'
import { riskOf } from '../core/approval-risk.ts'
import { canonicalJson, inputText } from '../core/tool-input.ts'
import type { ProviderEvent } from '../providers/contract.ts'
import type { AgentRow, ApprovalRow, RunRow } from '../store/index.ts'
import { createId } from '../util/id.ts'
import { formatSpan } from '../util/span.ts'
import {
  answerRun,
  byDrover,
  byPolicy,
  decideQuestion,
  sendAnswer,
  withdrawQuestion,
} from './answer-question.ts'
import { faultPoint } from './fault-point.ts'
import { judgeQuestion } from './judge-question.ts'
import type { Records } from './records.ts'

type QuestionEvent = Extract<ProviderEvent, { type: 'question' }>

/** Lengths that are kept of what a program says about its question, characters. */
const longestTitle = 300
const longestReason = 4000

/** Open questions of one agent; one that asks for more is answered no. */
const mostOpen = 100

/**
 * A program waits for a person: its question is on record, and answered at once where its agent's
 * policy says so; part of the transaction under way. Asked again under the same id it is the same
 * question, and has the same answer.
 */
export function takeQuestion(records: Records, run: RunRow, event: QuestionEvent): void {
  const { store, specs } = records.context
  const before = store.approvals.getByQuestion(run.id, event.id)
  if (before) {
    return takeAgain(records, run, { before, event })
  }
  const { timeoutMs } = specs.get(run.agent_id).approvals
  const row = putDown(records, run, event)
  const same = store.approvals.listSame(run.agent_id, { ...row, notRunId: run.id })
  const { mode, cause } = judge(records, run, event)
  const carried = same.find((each) => each.state !== 'open' && isFresh(records, each, timeoutMs))
  if (mode !== 'ask') {
    const state = mode === 'allow' ? 'allowed' : 'denied'
    const message = mode === 'allow' ? null : `denied by the policy of this agent: ${cause}`
    decideQuestion(records, row, { state, by: byPolicy, cause, message, isForSession: false })
  } else if (carried) {
    useAgain(records, row, carried)
  }
  for (const old of same.filter(({ state }) => state === 'open')) {
    withdrawQuestion(records, old, `it was asked again, as ${row.id}`)
  }
}

/** An id stands for one question: an answer of before is no answer to another. */
function takeAgain(
  records: Records,
  run: RunRow,
  { before, event }: { before: ApprovalRow; event: QuestionEvent },
): void {
  const isSame =
    before.tool === event.tool &&
    before.input === (keptInput(event) ?? 'null') &&
    before.title === titleOf(event)
  if (!isSame) {
    const message = 'its id was used for another question before'
    withdrawQuestion(records, before, message)
    answerRun(records, run, { ...before, state: 'denied', message })
  } else if (before.state !== 'open') {
    answerRun(records, run, before)
  }
}

/** The program asks no more. */
export function closeQuestion(records: Records, run: RunRow, question: string): void {
  const row = records.context.store.approvals.getByQuestion(run.id, question)
  if (row) {
    withdrawQuestion(records, row, 'its program asks no more')
  }
}

/** What nobody answered in time is denied. A program that is gone is not woken for that. */
export function expireQuestions(records: Records, agent: AgentRow): void {
  const { store, now } = records.context
  for (const row of store.approvals.listOpen(agent.id)) {
    if (row.due_at !== null && row.due_at <= now()) {
      const cause = `nobody answered within ${formatSpan(row.due_at - row.asked_at)}`
      const end = { by: byDrover, cause, message: cause, isForSession: false }
      decideQuestion(records, row, { ...end, state: 'expired' })
    }
  }
}

/** A run is over: answers of people that did not come to its input any more go to its agent as messages. */
export function forwardAnswers(records: Records, run: RunRow): void {
  const { store } = records.context
  for (const { approval_id: id } of store.inputs.listOfRun(run.id)) {
    const row = id === null ? undefined : store.approvals.get(id)
    const isOfPerson = row && row.decided_by !== byPolicy && row.decided_by !== byDrover
    if (row && isOfPerson && (row.state === 'allowed' || row.state === 'denied')) {
      sendAnswer(records, row, { by: row.decided_by, state: row.state, message: row.message })
    }
  }
}

/** Its agent goes, and nobody is left to be told. */
export function withdrawQuestions(records: Records, agentId: string): void {
  for (const row of records.context.store.approvals.listOpen(agentId)) {
    withdrawQuestion(records, row, 'its agent was removed')
  }
}

function putDown(records: Records, run: RunRow, event: QuestionEvent): ApprovalRow {
  const { store, specs, now } = records.context
  const { approvals, dir, addDirs } = specs.get(run.agent_id)
  const { tool, reason } = event
  const id = createId('apr')
  const title = titleOf(event)
  const risk = attempt(() => riskOf(event, [dir, ...addDirs]), 'high' as const)
  const askedAt = now()
  const dueAt = approvals.timeoutMs > 0 ? askedAt + approvals.timeoutMs : null
  store.approvals.insert({
    id,
    agentId: run.agent_id,
    agent: store.agents.getName(run.agent_id) ?? '',
    runId: run.id,
    question: event.id,
    tool,
    input: keptInput(event) ?? 'null',
    reply: JSON.stringify(event.reply ?? null),
    title,
    reason: reason?.slice(0, longestReason) ?? null,
    risk,
    dueAt,
    now: askedAt,
  })
  records.event(run.agent_id, 'approval.asked', { id, tool, title, reason, risk, dueAt }, run.id)
  store.afterCommit(() => faultPoint('question-recorded'))
  return getRow(records, id)
}

/** JSON; null for what can't be kept, since it is nested too deep. */
function keptInput({ input }: QuestionEvent): string | null {
  return attempt(() => canonicalJson(input), null)
}

function titleOf({ title, tool, input }: QuestionEvent): string {
  return (title || `${tool} ${attempt(() => inputText(input), '')}`).slice(0, longestTitle)
}

/** What a policy alone can't know: that its agent asks without end. */
function judge(
  { context: { store, specs } }: Records,
  run: RunRow,
  event: QuestionEvent,
): Judgement {
  if (keptInput(event) === null) {
    return { mode: 'deny', cause: 'its input is nested too deep' }
  }
  const judgement = judgeQuestion(specs.get(run.agent_id), event)
  return judgement.mode === 'ask' && store.approvals.listOpen(run.agent_id).length > mostOpen
    ? { mode: 'deny', cause: `it has ${mostOpen} open questions` }
    : judgement
}

/**
 * A person said it of the very same, when its program had forgotten the question; and not too long
 * ago. What is not known to be the same, as its program tells no input, is not.
 */
function isFresh(
  { context: { now } }: Records,
  { decided_at: decidedAt, input }: ApprovalRow,
  mostMs: number,
): boolean {
  if (input === 'null') {
    return false
  }
  return mostMs === 0 || now() - (decidedAt ?? 0) < mostMs
}

function useAgain(records: Records, row: ApprovalRow, carried: ApprovalRow): void {
  records.context.store.approvals.setUsed(carried.id)
  decideQuestion(records, row, {
    state: carried.state === 'allowed' ? 'allowed' : 'denied',
    by: carried.decided_by,
    cause: `answered before, as ${carried.id}`,
    message: carried.message,
    isForSession: carried.is_for_session === 1,
  })
}

function getRow({ context: { store } }: Records, id: string): ApprovalRow {
  const row = store.approvals.get(id)
  if (!row) {
    throw new Error(`There is no approval ${id}.`)
  }
  return row
}

function attempt<T>(work: () => T, otherwise: T): T {
  try {
    return work()
  } catch {
    return otherwise
  }
}
