import { closeSync, fdatasync, openSync } from 'node:fs'
import { promisify } from 'node:util'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'

/** A row as SQLite gives it. */
export type Row = Record<string, SQLInputValue>

/** How much a commit must survive. `durable`: power loss. `relaxed`: the death of this process. */
export type Durability = 'durable' | 'relaxed'

/**
 * One SQLite connection, the only writer of its file: prepared statements by their text, and
 * transactions that say how durable they are. All calls are synchronous and short.
 */
export class Database {
  readonly #connection: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #logFile: string
  #log: number | null = null
  /** The sync under way, and the one that begins after it. */
  #syncs: { now: Promise<void>; next: Promise<void> | null } = {
    now: Promise.resolve(),
    next: null,
  }
  #durability: Durability = 'durable'
  #isInTransaction = false
  #isClosed = false
  #afterCommit: (() => void)[] = []

  constructor(file: string) {
    this.#connection = new DatabaseSync(file, { timeout: 5000 })
    this.#logFile = `${file}-wal`
  }

  /** Statements with no parameters, several at once. */
  execute(sql: string): void {
    this.#connection.exec(sql)
  }

  /** Runs a statement; resolves to the number of rows it changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes)
  }

  /** Inserts a row; returns its rowid. */
  insert(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).lastInsertRowid)
  }

  get<T = Row>(sql: string, ...values: SQLInputValue[]): T | undefined {
    return this.#statement(sql).get(...values) as T | undefined
  }

  all<T = Row>(sql: string, ...values: SQLInputValue[]): T[] {
    return this.#statement(sql).all(...values) as T[]
  }

  /** Rows one by one, for as long as they are asked for; no other call may come in between. */
  iterate<T = Row>(sql: string, ...values: SQLInputValue[]): IterableIterator<T> {
    return this.#statement(sql).iterate(...values) as IterableIterator<T>
  }

  /**
   * Runs `work` in one transaction; all of it is committed, or none. Nested calls join the outer
   * transaction. Source of the durability: `PRAGMA synchronous`, FULL syncs the log at each commit.
   */
  transaction<T>(durability: Durability, work: () => T): T {
    if (this.#isInTransaction) {
      return work()
    }
    this.#setDurability(durability)
    this.run('BEGIN IMMEDIATE')
    this.#isInTransaction = true
    let result: T
    try {
      result = work()
      this.run('COMMIT')
    } catch (error) {
      this.#afterCommit = []
      this.#rollback()
      throw error
    } finally {
      this.#isInTransaction = false
    }
    const callbacks = this.#afterCommit
    this.#afterCommit = []
    for (const callback of callbacks) {
      callback()
    }
    return result
  }

  /** Calls back once the transaction under way is committed; never when it is rolled back. */
  afterCommit(callback: () => void): void {
    this.#afterCommit.push(callback)
  }

  /**
   * Resolves once all that is committed by now is durable; nobody else waits for the disk meanwhile.
   * Calls that come together share one sync. Source: sqlite.org/wal.html, a commit is whole once its
   * frames are in the log, and a checkpoint syncs the log before it is used again.
   */
  async sync(): Promise<void> {
    // The one under way may have begun before the newest commit.
    this.#syncs.next ??= this.#syncs.now.then(() => {
      const now = this.#syncLog()
      this.#syncs = { now: now.catch(() => undefined), next: null }
      return now
    })
    return await this.#syncs.next
  }

  async #syncLog(): Promise<void> {
    if (this.#isClosed) {
      // Closing has folded the log into the file and synced that.
      return
    }
    this.#log ??= openSync(this.#logFile, 'r')
    await promisify(fdatasync)(this.#log)
  }

  close(): void {
    this.#isClosed = true
    this.#statements.clear()
    this.#connection.close()
    const log = this.#log
    if (log !== null) {
      void this.#syncs.now.then(() => closeSync(log))
    }
  }

  #rollback(): void {
    try {
      this.run('ROLLBACK')
    } catch {
      // SQLite rolled back by itself, as it does when the disk is full.
    }
  }

  #setDurability(durability: Durability): void {
    if (durability !== this.#durability) {
      this.#connection.exec(`PRAGMA synchronous = ${durability === 'durable' ? 'FULL' : 'NORMAL'}`)
      this.#durability = durability
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (!statement) {
      statement = this.#connection.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}
