import type { Database } from './database.ts'
import type { InputRow } from './rows.ts'

/** What a run's program is to be told beside messages: greetings, answers, orders. A row goes once it is written. */
export class InputTable {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** `offset` is where its bytes begin in the run's input. */
  insert(runId: string, offset: number, text: string): void {
    this.#database.run(
      'INSERT INTO inputs (run_id, in_offset, text) VALUES (?, ?, ?)',
      runId,
      offset,
      text,
    )
  }

  /** In the order of the run's input. */
  listOfRun(runId: string): InputRow[] {
    return this.#database.all<InputRow>(
      'SELECT * FROM inputs WHERE run_id = ? ORDER BY in_offset',
      runId,
    )
  }

  delete(seq: number): void {
    this.#database.run('DELETE FROM inputs WHERE seq = ?', seq)
  }

  deleteOfRun(runId: string): void {
    this.#database.run('DELETE FROM inputs WHERE run_id = ?', runId)
  }
}
