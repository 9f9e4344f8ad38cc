import type { Cost } from '../schema/agent.ts'
import type { Database } from './database.ts'
import type { AgentRow, RunRow } from './rows.ts'

export interface NewAgent {
  id: string
  name: string
  /** JSON of an AgentSpec. */
  spec: string
  template: string | null
  wish: AgentRow['wish']
  requestId: string | null
  /** Number of the newest event before it was made. */
  firstSeq: number
  now: number
}

/** An agent with what its status follows from, in one row. */
export type AgentListRow = AgentRow & {
  queued: number
  run_status: RunRow['status'] | null
  run_turn: RunRow['turn'] | null
  run_handle: string | null
  run_is_unknown: 0 | 1 | null
  last_status: RunRow['status'] | null
  last_exit_code: number | null
  last_cause: string | null
  last_ended_at: number | null
}

const listColumns = `
  SELECT a.*,
    (SELECT COUNT(*) FROM messages m INDEXED BY messages_queued WHERE m.agent_id = a.id AND m.run_id IS NULL AND m.state IN ('stored', 'waking')) AS queued,
    r.status AS run_status, r.turn AS run_turn, r.handle AS run_handle, r.is_unknown AS run_is_unknown,
    l.status AS last_status, l.exit_code AS last_exit_code, l.cause AS last_cause, l.ended_at AS last_ended_at
  FROM agents a
  LEFT JOIN runs r ON r.id = a.run_id
  LEFT JOIN runs l ON l.id = a.last_run_id`

/** What an agent's status follows from, and nothing else. */
export type AgentStatusRow = Pick<
  AgentListRow,
  'hold' | 'queued' | 'run_status' | 'run_turn' | 'run_is_unknown'
>

/** What decisions about an agent are made from, in one row. */
export type AgentViewRow = Pick<AgentRow, 'hold' | 'wish' | 'is_removing'> & {
  run_status: RunRow['status'] | null
  run_turn: RunRow['turn'] | null
  run_stop_reason: RunRow['stop_reason']
  run_provider: string | null
  has_handle: 0 | 1
  queued: number
  open: number
  unwritten: number
  unreleased: number
}

const openStates = `('stored', 'waking', 'delivered', 'accepted')`

export class AgentTable {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  insert(agent: NewAgent): void {
    this.#database.run(
      `INSERT INTO agents (id, name, spec, template, wish, request_id, first_seq, created_at, active_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      agent.id,
      agent.name,
      agent.spec,
      agent.template,
      agent.wish,
      agent.requestId,
      agent.firstSeq,
      agent.now,
      agent.now,
    )
  }

  get(id: string): AgentRow | undefined {
    return this.#database.get<AgentRow>('SELECT * FROM agents WHERE id = ?', id)
  }

  getByName(name: string): AgentRow | undefined {
    return this.#database.get<AgentRow>('SELECT * FROM agents WHERE name = ?', name)
  }

  getByRequest(requestId: string): AgentRow | undefined {
    return this.#database.get<AgentRow>('SELECT * FROM agents WHERE request_id = ?', requestId)
  }

  /** All agents by name, row by row: thousands of whole rows at once would be most of the daemon's memory. */
  list(): IterableIterator<AgentListRow> {
    return this.#database.iterate<AgentListRow>(`${listColumns} ORDER BY a.name`)
  }

  getListed(id: string): AgentListRow | undefined {
    return this.#database.get<AgentListRow>(`${listColumns} WHERE a.id = ?`, id)
  }

  getStatus(id: string): AgentStatusRow | undefined {
    return this.#database.get<AgentStatusRow>(
      `SELECT a.hold, r.status AS run_status, r.turn AS run_turn, r.is_unknown AS run_is_unknown,
         EXISTS (SELECT 1 FROM messages m INDEXED BY messages_queued WHERE m.agent_id = a.id AND m.run_id IS NULL AND m.state IN ('stored', 'waking')) AS queued
       FROM agents a LEFT JOIN runs r ON r.id = a.run_id WHERE a.id = ?`,
      id,
    )
  }

  getView(id: string): AgentViewRow | undefined {
    return this.#database.get<AgentViewRow>(
      `SELECT a.hold, a.wish, a.is_removing,
         r.status AS run_status, r.turn AS run_turn, r.stop_reason AS run_stop_reason, r.provider AS run_provider,
         r.handle IS NOT NULL AS has_handle,
         (SELECT COUNT(*) FROM messages m INDEXED BY messages_queued
          WHERE m.agent_id = a.id AND m.run_id IS NULL AND m.state IN ('stored', 'waking')) AS queued,
         (SELECT COUNT(*) FROM messages m INDEXED BY messages_open
          WHERE m.run_id = a.run_id AND m.state IN ${openStates}) AS open,
         (SELECT COUNT(*) FROM messages m INDEXED BY messages_open
          WHERE m.run_id = a.run_id AND m.state IN ${openStates} AND m.is_written = 0) AS unwritten,
         (SELECT COUNT(*) FROM runs u INDEXED BY runs_unreleased
          WHERE u.agent_id = a.id AND u.ended_at IS NOT NULL AND u.is_released = 0) AS unreleased
       FROM agents a LEFT JOIN runs r ON r.id = a.run_id WHERE a.id = ?`,
      id,
    )
  }

  /** Its name, which never changes. */
  getName(id: string): string | undefined {
    return this.#database.get<{ name: string }>('SELECT name FROM agents WHERE id = ?', id)?.name
  }

  /** Names that begin with a word and a dash, to number the next one. */
  namesLike(prefix: string): string[] {
    return this.#database
      .all<{ name: string }>(`SELECT name FROM agents WHERE name GLOB ?`, `${prefix}*`)
      .map(({ name }) => name)
  }

  count(): { total: number; live: number } {
    return (
      this.#database.get<{ total: number; live: number }>(
        'SELECT COUNT(*) AS total, COUNT(run_id) AS live FROM agents',
      ) ?? {
        total: 0,
        live: 0,
      }
    )
  }

  /** Ids of agents about which something may be to do after a start. */
  listUnsettled(): string[] {
    return this.#database
      .all<{ id: string }>(
        `SELECT id FROM agents WHERE run_id IS NOT NULL OR wish IS NOT NULL OR is_removing = 1
         UNION SELECT agent_id FROM messages WHERE run_id IS NULL AND state IN ('stored', 'waking')
         UNION SELECT agent_id FROM runs WHERE ended_at IS NOT NULL AND is_released = 0`,
      )
      .map(({ id }) => id)
  }

  setHold(id: string, hold: AgentRow['hold']): void {
    this.#database.run('UPDATE agents SET hold = ? WHERE id = ?', hold, id)
  }

  setWish(id: string, wish: AgentRow['wish']): void {
    this.#database.run('UPDATE agents SET wish = ? WHERE id = ?', wish, id)
  }

  setRemoving(id: string): void {
    this.#database.run('UPDATE agents SET is_removing = 1 WHERE id = ?', id)
  }

  setSession(id: string, session: string): void {
    this.#database.run('UPDATE agents SET session = ? WHERE id = ?', session, id)
  }

  setRun(id: string, runId: string): void {
    this.#database.run('UPDATE agents SET run_id = ? WHERE id = ?', runId, id)
  }

  /** The live run has ended. */
  clearRun(id: string, runId: string): void {
    this.#database.run(
      'UPDATE agents SET run_id = NULL, last_run_id = ? WHERE id = ? AND run_id = ?',
      runId,
      id,
      runId,
    )
  }

  touch(id: string, now: number): void {
    this.#database.run('UPDATE agents SET active_at = ? WHERE id = ?', now, id)
  }

  /** Adds one turn; what is unmeasured stays so until something was measured. */
  addTurn(id: string, cost: Cost): void {
    this.#database.run(
      `UPDATE agents SET turns = turns + 1,
         cost_usd = CASE WHEN ?1 IS NULL THEN cost_usd ELSE COALESCE(cost_usd, 0) + ?1 END,
         input_tokens = CASE WHEN ?2 IS NULL THEN input_tokens ELSE COALESCE(input_tokens, 0) + ?2 END,
         output_tokens = CASE WHEN ?3 IS NULL THEN output_tokens ELSE COALESCE(output_tokens, 0) + ?3 END
       WHERE id = ?4`,
      cost.usd,
      cost.inputTokens,
      cost.outputTokens,
      id,
    )
  }

  /** The agent, its runs and its messages; what it said stays in the event log until retention takes it. */
  delete(id: string): void {
    this.#database.run('DELETE FROM messages WHERE agent_id = ?', id)
    this.#database.run('DELETE FROM runs WHERE agent_id = ?', id)
    this.#database.run('DELETE FROM agents WHERE id = ?', id)
  }
}
