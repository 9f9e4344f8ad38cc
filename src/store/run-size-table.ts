import type { Database } from './database.ts'
import type { RunRow } from './rows.ts'

/** What the records of all runs take, bytes. */
export interface RunSizes {
  total: number
  /** What the agent takes that takes most. */
  largest: number
}

const recordBytes = 'SUM(in_bytes + out_bytes + err_bytes + notes_bytes - dropped_bytes)'

/** What the records of runs take, and which can be given up. */
export class RunSizeTable {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Reads every run; ask only when something was added. */
  measure(): RunSizes {
    const sizes = this.#database.get<{ total: number | null; largest: number | null }>(
      `SELECT SUM(bytes) AS total, MAX(bytes) AS largest
       FROM (SELECT ${recordBytes} AS bytes FROM runs GROUP BY agent_id)`,
    )
    return { total: sizes?.total ?? 0, largest: sizes?.largest ?? 0 }
  }

  /** Agents whose records take more than `limit`, bytes. */
  listLarge(limit: number): { agentId: string; bytes: number }[] {
    return this.#database.all<{ agentId: string; bytes: number }>(
      `SELECT agent_id AS agentId, ${recordBytes} AS bytes FROM runs GROUP BY agent_id HAVING bytes > ?`,
      limit,
    )
  }

  /** Finished runs that are released, oldest first, of one agent or of all; the latest of each agent stays. */
  listDisposable(agentId: string | null): RunRow[] {
    return this.#database.all<RunRow>(
      `SELECT r.* FROM runs r JOIN agents a ON a.id = r.agent_id
       WHERE r.is_released = 1 AND r.id IS NOT a.last_run_id AND r.id IS NOT a.run_id AND (?1 IS NULL OR r.agent_id = ?1)
       ORDER BY r.ended_at, r.id LIMIT 100`,
      agentId,
    )
  }
}
