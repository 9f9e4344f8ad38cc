import type { Database } from './database.ts'

/** A git worktree that Drover made, or is to make, for an agent; it may outlive that. */
export interface WorktreeRow {
  agent_id: string
  /** The agent's name. */
  agent: string
  repository: string
  folder: string
  branch: string
  /** Commit that the branch began with. */
  base: string
  /** `planned`: nothing ran in it. `removing`: it was found clean, and goes. */
  state: 'planned' | 'made' | 'removing'
  /** Why it outlived its agent. */
  cause: string | null
  created_at: number
}

/** A worktree, and whether its agent is there. */
export type ListedWorktree = WorktreeRow & { has_agent: 0 | 1 }

const listed = `SELECT w.*, EXISTS (SELECT 1 FROM agents a WHERE a.id = w.agent_id) AS has_agent FROM worktrees w`

export class WorktreeTable {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  insert(row: Omit<WorktreeRow, 'state' | 'cause'>): void {
    this.#database.run(
      `INSERT INTO worktrees (agent_id, agent, repository, folder, branch, base, state, created_at)
       VALUES (?, ?, ?, ?, ?, ?, 'planned', ?)`,
      row.agent_id,
      row.agent,
      row.repository,
      row.folder,
      row.branch,
      row.base,
      row.created_at,
    )
  }

  get(agentId: string): ListedWorktree | undefined {
    return this.#database.get<ListedWorktree>(`${listed} WHERE w.agent_id = ?`, agentId)
  }

  /** All of them, the oldest first. */
  list(): ListedWorktree[] {
    return this.#database.all<ListedWorktree>(`${listed} ORDER BY w.created_at, w.agent_id`)
  }

  /** Whether one is to be made on that branch. */
  isPlanned(repository: string, branch: string): boolean {
    const row = this.#database.get(
      `SELECT 1 FROM worktrees WHERE repository = ? AND branch = ? AND state = 'planned'`,
      repository,
      branch,
    )
    return row !== undefined
  }

  setState(agentId: string, state: WorktreeRow['state']): void {
    this.#database.run('UPDATE worktrees SET state = ? WHERE agent_id = ?', state, agentId)
  }

  /** It stays; a removal that was begun is none any more. */
  keep(agentId: string, cause: string): void {
    this.#database.run(
      `UPDATE worktrees SET cause = ?, state = CASE state WHEN 'removing' THEN 'made' ELSE state END WHERE agent_id = ?`,
      cause,
      agentId,
    )
  }

  delete(agentId: string): void {
    this.#database.run('DELETE FROM worktrees WHERE agent_id = ?', agentId)
  }

  /** The name of an agent that works in this folder, or below it, and is not the one given. */
  userOf(folder: string, exceptId: string): string | undefined {
    return this.#database.get<{ name: string }>(
      `SELECT name FROM agents WHERE id <> ?1 AND (json_extract(spec, '$.dir') = ?2
         OR substr(json_extract(spec, '$.dir'), 1, length(?2) + 1) = ?2 || '/') LIMIT 1`,
      exceptId,
      folder,
    )?.name
  }
}
