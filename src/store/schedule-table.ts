import type { MissedPolicy } from '../schema/schedule.ts'
import type { Database } from './database.ts'
import type { ScheduleRow } from './rows.ts'

export interface NewSchedule {
  id: string
  name: string
  cron: string
  timeZone: string
  missed: MissedPolicy
  body: string
  agentId: string | null
  /** JSON of a ScheduleRun. */
  run: string | null
  nextAt: number | null
  now: number
}

/** A schedule with the name of its agent. */
export type ScheduleListRow = ScheduleRow & { agent: string | null }

const listColumns = `SELECT s.*, a.name AS agent FROM schedules s LEFT JOIN agents a ON a.id = s.agent_id`

export class ScheduleTable {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  insert(schedule: NewSchedule): void {
    this.#database.run(
      `INSERT INTO schedules (id, name, cron, time_zone, missed, body, agent_id, run, next_at, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      schedule.id,
      schedule.name,
      schedule.cron,
      schedule.timeZone,
      schedule.missed,
      schedule.body,
      schedule.agentId,
      schedule.run,
      schedule.nextAt,
      schedule.now,
    )
  }

  get(id: string): ScheduleListRow | undefined {
    return this.#database.get<ScheduleListRow>(`${listColumns} WHERE s.id = ?`, id)
  }

  getByName(name: string): ScheduleListRow | undefined {
    return this.#database.get<ScheduleListRow>(`${listColumns} WHERE s.name = ?`, name)
  }

  list(): ScheduleListRow[] {
    return this.#database.all<ScheduleListRow>(`${listColumns} ORDER BY s.name`)
  }

  namesOfAgent(agentId: string): string[] {
    return this.#database
      .all<{ name: string }>('SELECT name FROM schedules WHERE agent_id = ? ORDER BY name', agentId)
      .map(({ name }) => name)
  }

  /** The one that is the next to send an agent a message. */
  nextOfAgent(agentId: string): { name: string; at: number } | undefined {
    return this.#database.get<{ name: string; at: number }>(
      `SELECT name, next_at AS at FROM schedules
       WHERE agent_id = ? AND next_at IS NOT NULL ORDER BY next_at, name LIMIT 1`,
      agentId,
    )
  }

  /** Ids of those that wait for a time. */
  listWaiting(): string[] {
    return this.#database
      .all<{ id: string }>('SELECT id FROM schedules WHERE next_at IS NOT NULL')
      .map(({ id }) => id)
  }

  /** Ids of those whose time has come, the longest due first. */
  listDue(now: number): string[] {
    return this.#database
      .all<{ id: string }>('SELECT id FROM schedules WHERE next_at <= ? ORDER BY next_at', now)
      .map(({ id }) => id)
  }

  /** The first time that any of them waits for, after this one; null when there is none. */
  firstAfter(now: number): number | null {
    return (
      this.#database.get<{ at: number | null }>(
        'SELECT MIN(next_at) AS at FROM schedules WHERE next_at > ?',
        now,
      )?.at ?? null
    )
  }

  isAny(): boolean {
    return this.#database.get('SELECT 1 FROM schedules LIMIT 1') !== undefined
  }

  /** Whether any of them waits for a time. */
  isAnyWaiting(): boolean {
    return (
      this.#database.get('SELECT 1 FROM schedules WHERE next_at IS NOT NULL LIMIT 1') !== undefined
    )
  }

  setNext(id: string, nextAt: number | null): void {
    this.#database.run('UPDATE schedules SET next_at = ? WHERE id = ?', nextAt, id)
  }

  /** A time was fired; `outcome` is JSON of a ScheduleOutcome. */
  setFired(id: string, fired: { at: number; nextAt: number | null; outcome: string }): void {
    this.#database.run(
      'UPDATE schedules SET last_at = ?, next_at = ?, last_outcome = ? WHERE id = ?',
      fired.at,
      fired.nextAt,
      fired.outcome,
      id,
    )
  }

  /** Times were passed over. */
  setPassedOver(id: string, passed: { nextAt: number | null; outcome: string }): void {
    this.#database.run(
      'UPDATE schedules SET next_at = ?, last_outcome = ? WHERE id = ?',
      passed.nextAt,
      passed.outcome,
      id,
    )
  }

  setPaused(id: string, isPaused: boolean, nextAt: number | null): void {
    this.#database.run(
      'UPDATE schedules SET is_paused = ?, next_at = ? WHERE id = ?',
      isPaused ? 1 : 0,
      nextAt,
      id,
    )
  }

  delete(id: string): void {
    this.#database.run('DELETE FROM schedules WHERE id = ?', id)
  }

  deleteOfAgent(agentId: string): void {
    this.#database.run('DELETE FROM schedules WHERE agent_id = ?', agentId)
  }
}
