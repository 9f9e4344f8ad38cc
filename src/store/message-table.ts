import {
  isFinalReceiptState,
  type MessageEntry,
  type MessageMode,
  type ReceiptState,
} from '../schema/message.ts'
import type { Database } from './database.ts'
import { openStates, queuedStates, type MessageRow } from './rows.ts'

export interface NewMessage {
  id: string
  agentId: string
  sender: string
  body: string
  state: ReceiptState
  cause: string | null
  isSeed?: boolean
  /** What goes first of those that wait: the smaller, then the older. */
  rank?: number
  mode?: MessageMode
  now: number
}

/** A message without all of its text: the beginning of its body, and no reply. */
export type MessageHead = Omit<
  MessageRow,
  'body' | 'reply' | 'agent_id' | 'is_seed' | 'input' | 'rank' | 'mode' | 'entry'
> & {
  text: string
}

const headColumns = `seq, id, sender, substr(body, 1, 200) AS text, state, cause, run_id, in_offset, is_written, tries, created_at, updated_at`

export interface ReceiptChange {
  state: ReceiptState
  cause?: string | null
  reply?: string | null
  now: number
}

export class MessageTable {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  insert(message: NewMessage): void {
    this.#database.run(
      `INSERT INTO messages (id, agent_id, sender, body, state, cause, is_seed, rank, mode, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      message.id,
      message.agentId,
      message.sender,
      message.body,
      message.state,
      message.cause,
      message.isSeed ? 1 : 0,
      message.rank ?? 1,
      message.mode ?? 'queue',
      message.now,
      message.now,
    )
  }

  get(id: string): MessageRow | undefined {
    return this.#database.get<MessageRow>('SELECT * FROM messages WHERE id = ?', id)
  }

  firstOfAgent(agentId: string): MessageRow | undefined {
    return this.#database.get<MessageRow>(
      'SELECT * FROM messages WHERE agent_id = ? AND is_seed = 0 ORDER BY seq LIMIT 1',
      agentId,
    )
  }

  /** The newest messages of an agent, oldest first. */
  listOfAgent(agentId: string, limit: number): MessageRow[] {
    return this.#database
      .all<MessageRow>(
        'SELECT * FROM messages WHERE agent_id = ? ORDER BY seq DESC LIMIT ?',
        agentId,
        limit,
      )
      .toReversed()
  }

  countQueued(agentId: string): number {
    return (
      this.#database.get<{ count: number }>(
        `SELECT COUNT(*) AS count FROM messages INDEXED BY messages_queued WHERE agent_id = ? AND run_id IS NULL AND state IN ${queuedStates}`,
        agentId,
      )?.count ?? 0
    )
  }

  nextQueued(agentId: string): MessageRow | undefined {
    return this.#database.get<MessageRow>(
      `SELECT * FROM messages INDEXED BY messages_queued WHERE agent_id = ? AND run_id IS NULL AND state IN ${queuedStates} ORDER BY rank, seq LIMIT 1`,
      agentId,
    )
  }

  listQueued(agentId: string): MessageRow[] {
    return this.#database.all<MessageRow>(
      `SELECT * FROM messages INDEXED BY messages_queued WHERE agent_id = ? AND run_id IS NULL AND state IN ${queuedStates} ORDER BY rank, seq`,
      agentId,
    )
  }

  /** Messages given to a run and not finished, in the order of its input. */
  listOpen(runId: string): MessageRow[] {
    return this.#database.all<MessageRow>(
      `SELECT * FROM messages WHERE run_id = ? AND state IN ${openStates} ORDER BY in_offset, seq`,
      runId,
    )
  }

  /** The newest messages that are not at their end, waiting or given to this run; oldest first. */
  listUnfinished(agentId: string, runId: string | null, limit: number): MessageHead[] {
    const queued = this.#database.all<MessageHead>(
      `SELECT ${headColumns} FROM messages INDEXED BY messages_queued
       WHERE agent_id = ? AND run_id IS NULL AND state IN ${queuedStates} ORDER BY seq DESC LIMIT ?`,
      agentId,
      limit,
    )
    const open = this.#database.all<MessageHead>(
      `SELECT ${headColumns} FROM messages INDEXED BY messages_open
       WHERE run_id = ? AND state IN ${openStates} ORDER BY seq DESC LIMIT ?`,
      runId,
      limit,
    )
    return [...queued, ...open].toSorted((one, other) => one.seq - other.seq).slice(-limit)
  }

  /** Of the newest so many messages of an agent those that are at their end; oldest first. */
  listFinished(agentId: string, among: number): MessageHead[] {
    return this.#database.all<MessageHead>(
      `SELECT ${headColumns} FROM (SELECT * FROM messages WHERE agent_id = ? ORDER BY seq DESC LIMIT ?)
         WHERE state NOT IN ${openStates} ORDER BY seq`,
      agentId,
      among,
    )
  }

  countOpen(runId: string): { open: number; unwritten: number } {
    return (
      this.#database.get<{ open: number; unwritten: number }>(
        `SELECT COUNT(*) AS open, COUNT(*) - COALESCE(SUM(is_written), 0) AS unwritten
         FROM messages WHERE run_id = ? AND state IN ${openStates}`,
        runId,
      ) ?? { open: 0, unwritten: 0 }
    )
  }

  /** How the one message of an ephemeral agent stands. */
  taskOf(agentId: string): 'open' | 'done' | 'failed' {
    const { state } = this.firstOfAgent(agentId) ?? { state: 'stored' as const }
    if (state === 'done') {
      return 'done'
    }
    return isFinalReceiptState(state) ? 'failed' : 'open'
  }

  /** Gives a message to a run, at a place in its input; with its bytes where they can't be made again. */
  assign(
    id: string,
    runId: string,
    place: { offset: number; input: string | null; entry: 'turn' | 'steered' },
  ): void {
    this.#database.run(
      `UPDATE messages SET run_id = ?, in_offset = ?, input = ?, is_written = 0,
         entry = CASE entry WHEN 'interrupted' THEN entry ELSE ? END WHERE id = ?`,
      runId,
      place.offset,
      place.input,
      place.entry,
      id,
    )
  }

  /** Whether the initial prompt of a session still waits to be given. */
  hasQueuedSeed(agentId: string): boolean {
    return this.nextQueued(agentId)?.is_seed === 1
  }

  /** The run never took it: the next one will. `tries` counts the runs that had it. */
  unassign(id: string, tries: number): void {
    this.#database.run(
      'UPDATE messages SET run_id = NULL, in_offset = NULL, input = NULL, entry = NULL, is_written = 0, tries = ? WHERE id = ?',
      tries,
      id,
    )
  }

  setEntry(id: string, entry: MessageEntry): void {
    this.#database.run('UPDATE messages SET entry = ? WHERE id = ?', entry, id)
  }

  setWritten(id: string): void {
    this.#database.run('UPDATE messages SET is_written = 1 WHERE id = ?', id)
  }

  setState(id: string, change: ReceiptChange): void {
    this.#database.run(
      `UPDATE messages SET state = ?, cause = ?, reply = COALESCE(?, reply), updated_at = ? WHERE id = ?`,
      change.state,
      change.cause ?? null,
      change.reply ?? null,
      change.now,
      id,
    )
  }
}
