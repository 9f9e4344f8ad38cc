import type { ApprovalState, Risk } from '../schema/approval.ts'
import type { Database } from './database.ts'
import type { ApprovalRow } from './rows.ts'

export interface NewApproval {
  id: string
  agentId: string
  /** The agent's name, which is kept when the agent is removed. */
  agent: string
  runId: string
  /** The program's own id of its question, unique in its run. */
  question: string
  tool: string
  /** JSON, with the same keys in the same order for the same input. */
  input: string
  /** JSON; what the provider needs for its answer. */
  reply: string
  title: string
  reason: string | null
  risk: Risk
  dueAt: number | null
  now: number
}

/** How a question came to its end. */
export interface ApprovalEnd {
  state: Exclude<ApprovalState, 'open'>
  by: string | null
  cause: string | null
  message: string | null
  isForSession: boolean
  now: number
}

/** Which of them are listed. */
export interface ApprovalFilter {
  state?: ApprovalState | undefined
  /** An agent's name, also of agents that are gone. */
  agent?: string | undefined
  agentId?: string | undefined
  limit: number
}

export class ApprovalTable {
  readonly #database: Database
  /** Something was added since the last time that all were within bounds. */
  #hasGrown = true

  constructor(database: Database) {
    this.#database = database
  }

  insert(approval: NewApproval): void {
    this.#hasGrown = true
    this.#database.run(
      `INSERT INTO approvals (id, agent_id, agent, run_id, question, tool, input, reply, title, reason, risk, due_at, asked_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      approval.id,
      approval.agentId,
      approval.agent,
      approval.runId,
      approval.question,
      approval.tool,
      approval.input,
      approval.reply,
      approval.title,
      approval.reason,
      approval.risk,
      approval.dueAt,
      approval.now,
    )
  }

  get(id: string): ApprovalRow | undefined {
    return this.#database.get<ApprovalRow>('SELECT * FROM approvals WHERE id = ?', id)
  }

  /** The record of a question that a run asked. */
  getByQuestion(runId: string, question: string): ApprovalRow | undefined {
    return this.#database.get<ApprovalRow>(
      'SELECT * FROM approvals WHERE run_id = ? AND question = ?',
      runId,
      question,
    )
  }

  /** The newest, oldest first. */
  list({ state, agent, agentId, limit }: ApprovalFilter): ApprovalRow[] {
    return this.#database
      .all<ApprovalRow>(
        `SELECT * FROM approvals
         WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR agent = ?2) AND (?3 IS NULL OR agent_id = ?3)
         ORDER BY seq DESC LIMIT ?4`,
        state ?? null,
        agent ?? null,
        agentId ?? null,
        limit,
      )
      .toReversed()
  }

  /** Open questions of an agent, of its run and of runs that are over; oldest first. */
  listOpen(agentId: string): ApprovalRow[] {
    return this.#database.all<ApprovalRow>(
      `SELECT * FROM approvals INDEXED BY approvals_open WHERE agent_id = ? AND state = 'open' ORDER BY seq`,
      agentId,
    )
  }

  /**
   * Those of an agent's earlier runs that asked for the very same: open, or answered by a message
   * that the program has not asked again for since.
   */
  listSame(
    agentId: string,
    asked: { tool: string; input: string; title: string; notRunId: string },
  ): ApprovalRow[] {
    return this.#database.all<ApprovalRow>(
      `SELECT * FROM approvals INDEXED BY approvals_same
       WHERE agent_id = ? AND tool = ? AND run_id <> ? AND (state = 'open' OR is_carried = 1) AND input = ? AND title = ? ORDER BY seq`,
      agentId,
      asked.tool,
      asked.notRunId,
      asked.input,
      asked.title,
    )
  }

  /** Puts down how an open one ended; once only. Returns whether this call did. */
  end(id: string, end: ApprovalEnd): boolean {
    return (
      this.#database.run(
        `UPDATE approvals SET state = ?, decided_by = ?, cause = ?, message = ?, is_for_session = ?, decided_at = ?
         WHERE id = ? AND state = 'open'`,
        end.state,
        end.by,
        end.cause,
        end.message,
        end.isForSession ? 1 : 0,
        end.now,
        id,
      ) > 0
    )
  }

  /** Its answer goes to the agent as this message, and holds for the same question asked again. */
  setSent(id: string, messageId: string): void {
    this.#database.run(
      'UPDATE approvals SET is_carried = 1, message_id = ? WHERE id = ?',
      messageId,
      id,
    )
  }

  /** It was asked again and answered the same; it holds no more. */
  setUsed(id: string): void {
    this.#database.run('UPDATE approvals SET is_carried = 0 WHERE id = ?', id)
  }

  /**
   * Keeps the newest, so many and of so many bytes together, and all that are open; returns how many
   * it gave up. Looks only when something was added since.
   */
  prune(keep: number, keepBytes: number): number {
    if (!this.#hasGrown) {
      return 0
    }
    const pruned = this.#database.run(
      `DELETE FROM approvals WHERE state <> 'open' AND seq <= (
         SELECT MAX(seq) FROM (
           SELECT seq, ROW_NUMBER() OVER newest AS place, SUM(octet_length(input) + octet_length(reply)) OVER newest AS bytes
           FROM approvals WINDOW newest AS (ORDER BY seq DESC)
         ) WHERE place > ?1 OR bytes > ?2)`,
      keep,
      keepBytes,
    )
    this.#hasGrown = false
    return pruned
  }
}
