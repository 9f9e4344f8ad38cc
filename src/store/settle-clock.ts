import type { Database } from './database.ts'

/**
 * Times that lie ahead of the clock were noted before it was set back, and what counts from them
 * would not come about for as long. They count as now. A limit that is over at a known time of the
 * clock stays; `mostAheadMs` is the longest that an agent may be kept down after a death.
 */
export function settleClock(database: Database, now: number, mostAheadMs: number): void {
  database.transaction('relaxed', () => {
    database.run('UPDATE agents SET not_before = ?1 WHERE not_before > ?1', now + mostAheadMs)
    database.run('UPDATE agents SET wait_since = ?1 WHERE wait_since > ?1', now)
    database.run(
      `UPDATE runs SET created_at = MIN(created_at, ?1), started_at = MIN(started_at, ?1),
         ready_at = MIN(ready_at, ?1), active_at = MIN(active_at, ?1), suspended_at = MIN(suspended_at, ?1)
       WHERE id IN (SELECT run_id FROM agents WHERE run_id IS NOT NULL)
         AND MAX(created_at, COALESCE(started_at, 0), COALESCE(active_at, 0), COALESCE(suspended_at, 0)) > ?1`,
      now,
    )
    database.run(
      `UPDATE messages SET updated_at = ?1
       WHERE run_id IN (SELECT run_id FROM agents WHERE run_id IS NOT NULL) AND updated_at > ?1`,
      now,
    )
    database.run(
      `UPDATE approvals SET due_at = ?1 + due_at - asked_at, asked_at = ?1 WHERE state = 'open' AND asked_at > ?1`,
      now,
    )
    database.run(
      'UPDATE guests SET expires_at = ?1 + expires_at - created_at, created_at = ?1 WHERE created_at > ?1',
      now,
    )
  })
}
