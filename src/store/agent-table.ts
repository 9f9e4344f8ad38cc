import type { Database } from './database.ts'
import {
  listColumns,
  peerCount,
  peersQuery,
  statusQuery,
  viewQuery,
  type AgentListRow,
  type AgentStatusRow,
  type AgentViewRow,
  type PeerRow,
} from './agent-queries.ts'
import { queuedStates, type AgentRow } from './rows.ts'

export interface NewAgent {
  id: string
  name: string
  /** JSON of an AgentSpec. */
  spec: string
  /** The one that its first run goes on with; left out: a fresh one. */
  session?: string | null
  template: string | null
  wish: AgentRow['wish']
  requestId: string | null
  isEphemeral: boolean
  /** Number of the newest event before it was made. */
  firstSeq: number
  now: number
}

/** What an agent waits for, and since when, Unix ms. */
export interface AgentWait {
  gate: string
  cause: string
  until: number | null
  since: number
}

export class AgentTable {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  insert(agent: NewAgent): void {
    this.#database.run(
      `INSERT INTO agents (id, name, spec, session, template, wish, request_id, is_ephemeral, is_new, first_seq, created_at, active_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      agent.id,
      agent.name,
      agent.spec,
      agent.session ?? null,
      agent.template,
      agent.wish,
      agent.requestId,
      agent.isEphemeral ? 1 : 0,
      agent.session == null ? 1 : 0,
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

  /** Agents that live in a folder, by name; not those that came for one task. */
  listByFolder(dir: string): AgentRow[] {
    return this.#database.all<AgentRow>(
      `SELECT * FROM agents WHERE json_extract(spec, '$.dir') = ? AND is_removing = 0 AND is_ephemeral = 0 ORDER BY name`,
      dir,
    )
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
    return this.#database.get<AgentStatusRow>(statusQuery, id)
  }

  getView(id: string): AgentViewRow | undefined {
    return this.#database.get<AgentViewRow>(viewQuery, id)
  }

  /** What the machine's own supervisor was told of it; null: it has nothing of it. */
  setUnit(id: string, unit: string | null): void {
    this.#database.run('UPDATE agents SET unit = ? WHERE id = ?', unit, id)
  }

  /** Its name, which never changes. */
  getName(id: string): string | undefined {
    return this.#database.get<{ name: string }>('SELECT name FROM agents WHERE id = ?', id)?.name
  }

  /** Who else there is, by name, without those that came for one task; `hidden` counts what is beyond `most`. */
  listPeers(id: string, most: number): { peers: PeerRow[]; hidden: number } {
    const peers = this.#database.all<PeerRow>(peersQuery, id, most)
    const hidden =
      peers.length < most ? 0 : (this.#database.get<{ total: number }>(peerCount, id)?.total ?? 0)
    return { peers, hidden: Math.max(hidden - peers.length, 0) }
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

  /** Ids of agents about which something may be to do after a start; those that wait come first, the longest before the others. */
  listUnsettled(): string[] {
    return this.#database
      .all<{ id: string }>(
        `SELECT a.id FROM agents a JOIN (
         SELECT id FROM agents WHERE run_id IS NOT NULL OR wish IS NOT NULL OR is_removing = 1 OR parked_until IS NOT NULL OR is_ephemeral = 1
         UNION SELECT agent_id FROM messages INDEXED BY messages_queued WHERE run_id IS NULL AND state IN ${queuedStates}
         UNION SELECT agent_id FROM runs WHERE ended_at IS NOT NULL AND is_released = 0
         UNION SELECT agent_id FROM approvals INDEXED BY approvals_open WHERE state = 'open'
         ) u ON u.id = a.id ORDER BY a.wait_since IS NULL, a.wait_since, a.id`,
      )
      .map(({ id }) => id)
  }

  setHold(id: string, hold: AgentRow['hold'], cause: string | null = null): void {
    this.#database.run('UPDATE agents SET hold = ?, cause = ? WHERE id = ?', hold, cause, id)
  }

  /** Why it is down, where no hold and no parking says it; null: nothing is to be said. */
  setCause(id: string, cause: string | null): void {
    this.#database.run('UPDATE agents SET cause = ? WHERE id = ?', cause, id)
  }

  setWish(id: string, wish: AgentRow['wish']): void {
    this.#database.run('UPDATE agents SET wish = ? WHERE id = ?', wish, id)
  }

  /** Its next session is a fresh one, or no longer so. */
  setNew(id: string, isNew: boolean): void {
    this.#database.run('UPDATE agents SET is_new = ? WHERE id = ?', isNew ? 1 : 0, id)
  }

  /** Out of quota until then; null: no longer. */
  setParked(id: string, until: number | null, cause: string | null = null): void {
    this.#database.run(
      'UPDATE agents SET parked_until = ?, cause = ? WHERE id = ?',
      until,
      cause,
      id,
    )
  }

  /** What it died of so far, and when it may come up again. */
  setDeaths(id: string, deaths: Pick<AgentRow, 'attempts' | 'deaths' | 'not_before'>): void {
    this.#database.run(
      'UPDATE agents SET attempts = ?, deaths = ?, not_before = ? WHERE id = ?',
      deaths.attempts,
      deaths.deaths,
      deaths.not_before,
      id,
    )
  }

  /** When it may come up again; null: at once. */
  setNotBefore(id: string, at: number | null): void {
    this.#database.run('UPDATE agents SET not_before = ? WHERE id = ?', at, id)
  }

  /** What it waits for; null: nothing any more. */
  setWait(id: string, wait: AgentWait | null): void {
    this.#database.run(
      'UPDATE agents SET wait_gate = ?, wait_cause = ?, wait_until = ?, wait_since = ? WHERE id = ?',
      wait?.gate ?? null,
      wait?.cause ?? null,
      wait?.until ?? null,
      wait?.since ?? null,
      id,
    )
  }

  setRemoving(id: string): void {
    this.#database.run('UPDATE agents SET is_removing = 1 WHERE id = ?', id)
  }

  setSpec(id: string, spec: string): void {
    this.#database.run('UPDATE agents SET spec = ? WHERE id = ?', spec, id)
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

  /** The agent, its runs and its messages; what it said stays in the event log until retention takes it. */
  delete(id: string): void {
    this.#database.run('DELETE FROM messages WHERE agent_id = ?', id)
    this.#database.run('DELETE FROM runs WHERE agent_id = ?', id)
    this.#database.run('DELETE FROM agents WHERE id = ?', id)
  }
}
