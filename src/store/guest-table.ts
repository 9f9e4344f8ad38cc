import type { Database } from './database.ts'

/** A terminal beside an agent that was made, or is to be made, and has not ended. */
export interface GuestRow {
  id: string
  agent_id: string
  /** The agent's name. */
  agent: string
  runtime: string
  /** JSON list: program and arguments. */
  program: string
  dir: string
  /** JSON; null before it is known to be up. */
  handle: string | null
  /** Its runtime can't be asked. */
  is_unknown: 0 | 1
  /** Why it is to end; null: it is not. */
  end_cause: string | null
  created_at: number
  expires_at: number
}

export interface NewGuest {
  id: string
  agentId: string
  agent: string
  runtime: string
  program: readonly string[]
  dir: string
  createdAt: number
  expiresAt: number
}

export class GuestTable {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  insert(guest: NewGuest): void {
    this.#database.run(
      `INSERT INTO guests (id, agent_id, agent, runtime, program, dir, created_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      guest.id,
      guest.agentId,
      guest.agent,
      guest.runtime,
      JSON.stringify(guest.program),
      guest.dir,
      guest.createdAt,
      guest.expiresAt,
    )
  }

  get(id: string): GuestRow | undefined {
    return this.#database.get<GuestRow>('SELECT * FROM guests WHERE id = ?', id)
  }

  /** All of them, the oldest first. */
  list(): GuestRow[] {
    return this.#database.all<GuestRow>('SELECT * FROM guests ORDER BY created_at, id')
  }

  /** Those of an agent, the oldest first. */
  listOfAgent(agentId: string): GuestRow[] {
    return this.#database.all<GuestRow>(
      'SELECT * FROM guests WHERE agent_id = ? ORDER BY created_at, id',
      agentId,
    )
  }

  count(): number {
    return this.#database.get<{ count: number }>('SELECT COUNT(*) AS count FROM guests')?.count ?? 0
  }

  /** It is up, and its runtime can be asked. */
  setHandle(id: string, handle: string): void {
    this.#database.run('UPDATE guests SET handle = ?, is_unknown = 0 WHERE id = ?', handle, id)
  }

  setUnknown(id: string): void {
    this.#database.run('UPDATE guests SET is_unknown = 1 WHERE id = ?', id)
  }

  /** It is to end; the first cause stays. Returns whether this is the first. */
  setEnding(id: string, cause: string): boolean {
    return (
      this.#database.run(
        'UPDATE guests SET end_cause = ? WHERE id = ? AND end_cause IS NULL',
        cause,
        id,
      ) > 0
    )
  }

  delete(id: string): void {
    this.#database.run('DELETE FROM guests WHERE id = ?', id)
  }
}
