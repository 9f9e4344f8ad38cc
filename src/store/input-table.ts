import type { Database } from './database.ts'
import type { InputRow } from './rows.ts'

export interface NewInput {
  runId: string
  /** Where its bytes begin in the run's input. */
  offset: number
  text: string
  /** The question that it answers. */
  approvalId: string | null
}

/** What a run's program is to be told beside messages: greetings, answers, orders. A row goes once it is written. */
export class InputTable {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  insert(input: NewInput): void {
    this.#database.run(
      'INSERT INTO inputs (run_id, in_offset, text, approval_id) VALUES (?, ?, ?, ?)',
      input.runId,
      input.offset,
      input.text,
      input.approvalId,
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
