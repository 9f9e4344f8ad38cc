import type { EventType } from '../schema/event.ts'
import type { Event } from '../schema/event.ts'
import type { Database } from './database.ts'
import type { EventRow } from './rows.ts'

/** An event that has no number yet. `agent` is a name. */
export interface NewEvent {
  type: EventType
  agent?: string | null
  run?: string | null
  data: Record<string, unknown>
}

/** An event as stored: `json` is its `data`, already text. */
export interface StoredEvent {
  seq: number
  at: number
  type: string
  agent: string | null
  run: string | null
  json: string
}

/** Some events, and whether there may be more of them. */
export interface EventPage {
  events: StoredEvent[]
  hasMore: boolean
}

/** A page ends with the event that reaches one of these. */
const pageEvents = 500
const pageCharacters = 1024 * 1024

/** Told of events once they are committed, in order, each once. */
export type EventListener = (events: readonly StoredEvent[]) => void

/** The table of events, and those who follow it. Appending is part of the caller's transaction. */
export class EventLog {
  readonly #database: Database
  #pending: StoredEvent[] = []
  #listener: EventListener = () => undefined
  #lastSeq: number

  constructor(database: Database) {
    this.#database = database
    this.#lastSeq =
      database.get<{ seq: number }>(`SELECT seq FROM sqlite_sequence WHERE name = 'events'`)?.seq ??
      0
  }

  /** Number of the newest committed event. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  setListener(listener: EventListener): void {
    this.#listener = listener
  }

  append(event: NewEvent, at: number): void {
    const json = JSON.stringify(event.data)
    const agent = event.agent ?? null
    const run = event.run ?? null
    const seq = this.#database.insert(
      'INSERT INTO events (at, type, agent, run, data) VALUES (?, ?, ?, ?, ?)',
      at,
      event.type,
      agent,
      run,
      json,
    )
    if (this.#pending.length === 0) {
      this.#database.afterCommit(() => this.#publish())
    }
    this.#pending.push({ seq, at, type: event.type, agent, run, json })
  }

  /** Events after `since`, oldest first, of one agent or of all: a page. */
  after(since: number, agent?: string): EventPage {
    return this.#page(
      agent === undefined
        ? this.#database.iterate<EventRow>('SELECT * FROM events WHERE seq > ? ORDER BY seq', since)
        : this.#database.iterate<EventRow>(
            'SELECT * FROM events WHERE agent = ? AND seq > ? ORDER BY seq',
            agent,
            since,
          ),
    )
  }

  /** Events of an agent before `before`, newest first: a page. */
  before(before: number, agent: string): EventPage {
    return this.#page(
      this.#database.iterate<EventRow>(
        'SELECT * FROM events WHERE agent = ? AND seq < ? ORDER BY seq DESC',
        agent,
        before,
      ),
    )
  }

  /** Deletes the oldest events, the newest `keep` remain; at most `limit` at a time. Returns how many went. */
  prune(keep: number, limit: number): number {
    return this.#database.run(
      'DELETE FROM events WHERE seq <= ? AND seq < (SELECT MIN(seq) FROM events) + ?',
      this.#lastSeq - keep,
      limit,
    )
  }

  /** Bytes of the database that are in use; events are nearly all of it. */
  usedBytes(): number {
    const read = (name: string): number =>
      Number(Object.values(this.#database.get(`PRAGMA ${name}`) ?? {})[0] ?? 0)
    return (read('page_count') - read('freelist_count')) * read('page_size')
  }

  /** A transaction that failed takes its events with it. */
  discardPending(): void {
    this.#pending = []
  }

  #page(rows: IterableIterator<EventRow>): EventPage {
    const events: StoredEvent[] = []
    let characters = 0
    for (const row of rows) {
      events.push(toStoredEvent(row))
      characters += row.data.length
      if (events.length >= pageEvents || characters >= pageCharacters) {
        return { events, hasMore: true }
      }
    }
    return { events, hasMore: false }
  }

  #publish(): void {
    const events = this.#pending
    this.#pending = []
    const last = events.at(-1)
    if (last) {
      this.#lastSeq = last.seq
      this.#listener(events)
    }
  }
}

function toStoredEvent(row: EventRow): StoredEvent {
  return {
    seq: row.seq,
    at: row.at,
    type: row.type,
    agent: row.agent,
    run: row.run,
    json: row.data,
  }
}

/** The event as clients see it. */
export function toEvent(stored: StoredEvent): Event {
  return {
    seq: stored.seq,
    at: stored.at,
    type: stored.type,
    agent: stored.agent,
    run: stored.run,
    data: JSON.parse(stored.json) as Record<string, unknown>,
  }
}
