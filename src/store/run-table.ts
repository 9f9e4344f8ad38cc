import type { RunStatus, TurnState } from '../schema/run.ts'
import type { Database } from './database.ts'
import type { RunError, RunRow } from './rows.ts'

export interface NewRun {
  id: string
  agentId: string
  runtime: string
  provider: string
  session: string | null
  isResumed: boolean
  isTerminal: boolean
  /** The machine's own supervisor began it. */
  isBegun: boolean
  now: number
}

export interface RunEnd {
  status: Extract<RunStatus, 'exited' | 'failed' | 'stopped' | 'lost'>
  exitCode: number | null
  signal: string | null
  cause: string | null
  now: number
}

/** How far a run's output was read, and what its decoder must remember. */
export interface RunProgress {
  bytes: Readonly<Record<'out' | 'err' | 'notes' | 'transcript', number>>
  /** How many of these bytes are new. */
  addedBytes: number
  /** JSON. */
  decoder: string
  now: number
}

/** A run that has not ended, as far as its runtime must know to look at it. */
export type LookedAtRun = Pick<RunRow, 'id' | 'runtime' | 'handle' | 'is_unknown' | 'turn'>

export class RunTable {
  readonly #database: Database
  #addedBytes = 0
  #releases = 0

  constructor(database: Database) {
    this.#database = database
  }

  insert(run: NewRun): void {
    this.#database.run(
      `INSERT INTO runs (id, agent_id, runtime, provider, status, session, is_resumed, is_terminal, is_begun, created_at, active_at) VALUES (?, ?, ?, ?, 'starting', ?, ?, ?, ?, ?, ?)`,
      run.id,
      run.agentId,
      run.runtime,
      run.provider,
      run.session,
      run.isResumed ? 1 : 0,
      run.isTerminal ? 1 : 0,
      run.isBegun ? 1 : 0,
      run.now,
      run.now,
    )
  }

  get(id: string): RunRow | undefined {
    return this.#database.get<RunRow>('SELECT * FROM runs WHERE id = ?', id)
  }

  /** Bytes that came to the records of runs since this table was opened. */
  get addedBytes(): number {
    return this.#addedBytes
  }

  /** Runs that were released since this table was opened: only these can be given up. */
  get releases(): number {
    return this.#releases
  }

  /** Runs that have not ended. */
  listLive(): RunRow[] {
    return this.#database.all<RunRow>(
      'SELECT r.* FROM agents a JOIN runs r ON r.id = a.run_id WHERE a.run_id IS NOT NULL ORDER BY r.id',
    )
  }

  /** Those of them that are up and in a turn, but for those that wait for a person. */
  listWorking(): RunRow[] {
    return this.#database.all<RunRow>(
      `SELECT r.* FROM agents a JOIN runs r ON r.id = a.run_id
       WHERE a.run_id IS NOT NULL AND r.handle IS NOT NULL AND r.turn = 'working'
         AND NOT EXISTS (SELECT 1 FROM approvals q INDEXED BY approvals_open
           WHERE q.agent_id = a.id AND q.run_id = r.id AND q.state = 'open')
       ORDER BY r.id`,
    )
  }

  /** Runs that have not ended, but not whole rows: they are looked at again and again. */
  listLookedAt(): LookedAtRun[] {
    return this.#database.all<LookedAtRun>(
      `SELECT r.id, r.runtime, r.handle, r.is_unknown, r.turn FROM agents a JOIN runs r ON r.id = a.run_id
       WHERE a.run_id IS NOT NULL AND (r.handle IS NOT NULL OR r.is_unknown = 1) ORDER BY r.id`,
    )
  }

  listOfAgent(agentId: string): RunRow[] {
    return this.#database.all<RunRow>(
      'SELECT * FROM runs WHERE agent_id = ? ORDER BY created_at, id',
      agentId,
    )
  }

  /** How the latest runs ended that nobody ended, newest first. */
  listEnds(agentId: string, limit: number): Pick<RunRow, 'id' | 'status' | 'cause' | 'ended_at'>[] {
    return this.#database.all(
      `SELECT id, status, cause, ended_at FROM runs
       WHERE agent_id = ? AND ended_at IS NOT NULL AND status <> 'stopped'
       ORDER BY created_at DESC, id DESC LIMIT ?`,
      agentId,
      limit,
    )
  }

  listUnreleased(agentId: string): RunRow[] {
    return this.#database.all<RunRow>(
      'SELECT * FROM runs WHERE agent_id = ? AND ended_at IS NOT NULL AND is_released = 0',
      agentId,
    )
  }

  /** The program is up: its handle is known. */
  setRunning(id: string, handle: string, now: number): void {
    this.#database.run(
      `UPDATE runs SET handle = ?1, started_at = COALESCE(started_at, ?2), active_at = COALESCE(active_at, ?2),
         is_unknown = 0, status = CASE status WHEN 'starting' THEN 'running' ELSE status END WHERE id = ?3`,
      handle,
      now,
      id,
    )
  }

  setUnknown(id: string, isUnknown: boolean): void {
    this.#database.run('UPDATE runs SET is_unknown = ? WHERE id = ?', isUnknown ? 1 : 0, id)
  }

  setStopping(id: string, reason: NonNullable<RunRow['stop_reason']>): void {
    this.#database.run(
      `UPDATE runs SET status = 'stopping', stop_reason = ? WHERE id = ? AND ended_at IS NULL`,
      reason,
      id,
    )
  }

  setTurn(id: string, turn: TurnState, now: number): void {
    this.#database.run('UPDATE runs SET turn = ?, active_at = ? WHERE id = ?', turn, now, id)
  }

  /** Somebody was with it until now. */
  touch(id: string, now: number): void {
    this.#database.run('UPDATE runs SET active_at = ? WHERE id = ?', now, id)
  }

  /** Its program took its first turn. Returns whether this was the first. */
  setReady(id: string, now: number): boolean {
    return (
      this.#database.run(
        'UPDATE runs SET ready_at = ? WHERE id = ? AND ready_at IS NULL',
        now,
        id,
      ) > 0
    )
  }

  /** It takes messages from now on. */
  setGreeted(id: string): void {
    this.#database.run('UPDATE runs SET is_greeted = 1 WHERE id = ?', id)
  }

  setUnusable(id: string): void {
    this.#database.run('UPDATE runs SET is_unusable = 1 WHERE id = ?', id)
  }

  /** Its spec was changed: what it runs by is of before. */
  setStale(id: string): void {
    this.#database.run('UPDATE runs SET is_stale = 1 WHERE id = ?', id)
  }

  setBackground(id: string, jobs: number): void {
    this.#database.run('UPDATE runs SET background = ? WHERE id = ?', jobs, id)
  }

  /** The last failure its program told of; null: it is over. */
  setError(id: string, error: RunError | null): void {
    this.#database.run(
      'UPDATE runs SET error_class = ?, error_message = ?, error_until = ? WHERE id = ?',
      error?.class ?? null,
      error?.message ?? null,
      error?.retryAt ?? null,
      id,
    )
  }

  setSession(id: string, session: string): void {
    this.#database.run('UPDATE runs SET session = ? WHERE id = ?', session, id)
  }

  setProgress(id: string, progress: RunProgress): void {
    this.#addedBytes += progress.addedBytes
    this.#database.run(
      'UPDATE runs SET out_bytes = ?, err_bytes = ?, notes_bytes = ?, transcript_bytes = ?, decoder = ?, active_at = ? WHERE id = ?',
      progress.bytes.out,
      progress.bytes.err,
      progress.bytes.notes,
      progress.bytes.transcript,
      progress.decoder,
      progress.now,
      id,
    )
  }

  /** So much of what it drew was not read: it tells nothing, and takes room. */
  setSkipped(id: string, outBytes: number, addedBytes: number): void {
    this.#addedBytes += addedBytes
    this.#database.run('UPDATE runs SET out_bytes = ? WHERE id = ?', outBytes, id)
  }

  /** Its program's transcript is at this place, and so much of it is of before. */
  setTranscript(id: string, { file, offset }: { file: string; offset: number }): void {
    this.#database.run(
      'UPDATE runs SET transcript = ?, transcript_bytes = ? WHERE id = ?',
      file,
      offset,
      id,
    )
  }

  /** Reserves a place in the run's input; returns where it begins. */
  reserveInput(id: string, bytes: number): number {
    this.#addedBytes += bytes
    const row = this.#database.get<{ in_bytes: number }>(
      'UPDATE runs SET in_bytes = in_bytes + ? WHERE id = ? RETURNING in_bytes',
      bytes,
      id,
    )
    return (row?.in_bytes ?? bytes) - bytes
  }

  setDecoder(id: string, decoder: string): void {
    this.#database.run('UPDATE runs SET decoder = ? WHERE id = ?', decoder, id)
  }

  /** Final statuses stay: a run ends once. Returns whether this call ended it. */
  end(id: string, end: RunEnd): boolean {
    return (
      this.#database.run(
        `UPDATE runs SET status = ?, exit_code = ?, signal = ?, cause = ?, ended_at = ?, turn = 'idle' WHERE id = ? AND ended_at IS NULL`,
        end.status,
        end.exitCode,
        end.signal,
        end.cause,
        end.now,
        id,
      ) > 0
    )
  }

  setReleased(id: string): void {
    this.#releases++
    this.#database.run('UPDATE runs SET is_released = 1 WHERE id = ?', id)
  }

  setDropped(id: string, bytes: number): void {
    this.#database.run(
      'UPDATE runs SET dropped_bytes = MAX(dropped_bytes, ?) WHERE id = ?',
      bytes,
      id,
    )
  }

  delete(id: string): void {
    this.#database.run('DELETE FROM runs WHERE id = ?', id)
  }

  /** Ids of all runs of this home. */
  listIds(): string[] {
    return this.#database.all<{ id: string }>('SELECT id FROM runs').map(({ id }) => id)
  }
}
