import type { Suspension } from '../schema/run.ts'
import type { Database } from './database.ts'

/** How far runs are out of work. Columns of the table of runs; of one that has ended nothing is put down. */
export class SuspensionTable {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** What is to become of a run. */
  request(runId: string, suspension: Exclude<Suspension, 'suspended'>): void {
    this.#database.run(
      'UPDATE runs SET suspension = ? WHERE id = ? AND ended_at IS NULL',
      suspension,
      runId,
    )
  }

  /** It is suspended under this handle. One that was asked to come back meanwhile still is. */
  setSuspended(runId: string, handle: string, now: number): void {
    this.#database.run(
      `UPDATE runs SET handle = ?1, is_unknown = 0, suspended_at = COALESCE(suspended_at, ?2),
         suspension = CASE suspension WHEN 'resuming' THEN suspension ELSE 'suspended' END
       WHERE id = ?3 AND ended_at IS NULL`,
      handle,
      now,
      runId,
    )
  }

  /** It is awake under this handle. The time meanwhile counts for nothing. */
  setResumed(runId: string, handle: string, now: number): void {
    this.#database.run(
      `UPDATE runs SET handle = ?1, is_unknown = 0, suspension = NULL, suspended_at = NULL, active_at = ?2,
         suspended_ms = suspended_ms + MAX(0, ?2 - COALESCE(suspended_at, ?2))
       WHERE id = ?3 AND ended_at IS NULL`,
      handle,
      now,
      runId,
    )
  }
}
