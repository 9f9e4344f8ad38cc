import type { Approval, ApprovalDecision } from '../schema/approval.ts'
import { DroverError } from '../schema/error.ts'
import type { ApprovalFilter, ApprovalRow } from '../store/index.ts'
import { decideQuestion, isTellable } from './answer-question.ts'
import type { DaemonContext } from './context.ts'
import type { Reconciler } from './reconciler.ts'
import { refusalOf } from './refusal.ts'

/** An answer, and whose it is. */
export interface GivenDecision extends ApprovalDecision {
  isAllowed: boolean
  by: string
}

/** What clients can ask of the questions of agents. */
export class Approvals {
  readonly #context: DaemonContext
  readonly #reconciler: Reconciler

  constructor(context: DaemonContext, reconciler: Reconciler) {
    this.#context = context
    this.#reconciler = reconciler
  }

  /** The newest that are asked for, oldest first. */
  list(filter: ApprovalFilter): Approval[] {
    return this.#context.store.approvals.list(filter).map(toApproval)
  }

  /** With `agentId` only what is that agent's. Errors: `approval_not_found`. */
  show(id: string, { agentId }: { agentId?: string } = {}): Approval {
    const row = this.#get(id)
    if (agentId !== undefined && row.agent_id !== agentId) {
      throw notFound(id)
    }
    return toApproval(row)
  }

  /**
   * Answers a question. It is on disk when this returns, and the answer with it: it goes to the
   * program that asked or, where its run is over, to its agent as a message. The same answer again
   * changes nothing. Errors: `approval_not_found`, `conflict` (it was answered otherwise, or is asked
   * no more), and for an `allow` that nobody can be told of `agent_stopped`, `agent_quarantined`,
   * `over_budget`.
   */
  decide(id: string, { isAllowed, by, message, forSession }: GivenDecision): Approval {
    const row = this.#get(id)
    if (row.state !== 'open') {
      return checkSame(row, isAllowed)
    }
    if (isAllowed) {
      this.#checkTellable(row)
    }
    const { records } = this.#reconciler
    records.change(row.agent_id, 'durable', () => {
      decideQuestion(records, row, {
        state: isAllowed ? 'allowed' : 'denied',
        by,
        cause: null,
        message: message ?? null,
        isForSession: forSession,
      })
      records.advance(row.agent_id)
    })
    this.#reconciler.kick(row.agent_id)
    return this.show(id)
  }

  /** Who takes no messages now can't be told that it may. */
  #checkTellable(row: ApprovalRow): void {
    const { store } = this.#context
    const run = store.runs.get(row.run_id)
    const agent = store.agents.get(row.agent_id)
    const isLive = run !== undefined && isTellable(this.#context, run)
    const refusal = agent && !isLive ? refusalOf(this.#context, agent) : null
    if (refusal) {
      const problem = `the run that asked is over, and ${row.agent} takes no messages: ${refusal.cause}`
      throw new DroverError(refusal.code, `${row.id} can't be allowed: ${problem}.`, {
        details: { agent: row.agent, approval: row.id },
      })
    }
  }

  #get(id: string): ApprovalRow {
    const row = this.#context.store.approvals.get(id)
    if (!row) {
      throw notFound(id)
    }
    return row
  }
}

/** What was decided stays. Errors: `conflict`, naming who decided. */
function checkSame(row: ApprovalRow, isAllowed: boolean): Approval {
  const wasDenied = row.state === 'denied' || row.state === 'expired'
  if (isAllowed ? row.state === 'allowed' : wasDenied) {
    return toApproval(row)
  }
  const when = new Date(row.decided_at ?? 0).toISOString()
  const why = row.cause === null ? '' : `: ${row.cause}`
  const by = row.decided_by === null ? '' : ` by ${row.decided_by}`
  throw new DroverError('conflict', `${row.id} was ${row.state}${by} at ${when}${why}.`, {
    details: { approval: row.id, state: row.state, by: row.decided_by },
  })
}

function notFound(id: string): DroverError {
  return new DroverError(
    'approval_not_found',
    `id: there is no approval ${JSON.stringify(id.slice(0, 80))}.`,
    { details: { field: 'id' } },
  )
}

function toApproval(row: ApprovalRow): Approval {
  return {
    id: row.id,
    agent: row.agent,
    run: row.run_id,
    tool: row.tool,
    input: JSON.parse(row.input) as unknown,
    title: row.title,
    reason: row.reason,
    risk: row.risk,
    state: row.state,
    dueAt: row.due_at,
    by: row.decided_by,
    cause: row.cause,
    message: row.message,
    isForSession: row.is_for_session === 1,
    messageId: row.message_id,
    askedAt: row.asked_at,
    decidedAt: row.decided_at,
  }
}
