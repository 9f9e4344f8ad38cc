import type { Database } from './database.ts'

const prefix = 'door '

/** Where the agents' door listens: addresses of this machine, each with the port that agents know. */
export class DoorTable {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  list(): { host: string; port: number }[] {
    return this.#database
      .all<{ key: string; value: string }>(
        'SELECT key, value FROM home WHERE substr(key, 1, ?) = ? ORDER BY key',
        prefix.length,
        prefix,
      )
      .map(({ key, value }) => ({ host: key.slice(prefix.length), port: Number(value) }))
  }

  /** Part of a transaction. */
  put(host: string, port: number): void {
    this.#database.run(
      'INSERT OR REPLACE INTO home (key, value) VALUES (?, ?)',
      `${prefix}${host}`,
      String(port),
    )
  }
}
