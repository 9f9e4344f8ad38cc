import type { Database } from './database.ts'

/** What is kept of an ephemeral agent after its end. */
export interface TaskRow {
  request_id: string | null
  agent_id: string
  name: string
  /** JSON of the Agent as it was last shown. */
  agent: string
  message_id: string
  /** JSON of its Message with the final receipt. */
  message: string
  ended_at: number
}

/** Tasks that are done: their agents are gone, their answers are still asked for. */
export class TaskTable {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  insert(task: TaskRow): void {
    this.#database.run(
      `INSERT OR IGNORE INTO tasks (request_id, agent_id, name, agent, message_id, message, ended_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      task.request_id,
      task.agent_id,
      task.name,
      task.agent,
      task.message_id,
      task.message,
      task.ended_at,
    )
  }

  getByRequest(requestId: string): TaskRow | undefined {
    return this.#database.get<TaskRow>('SELECT * FROM tasks WHERE request_id = ?', requestId)
  }

  getByMessage(messageId: string): TaskRow | undefined {
    return this.#database.get<TaskRow>('SELECT * FROM tasks WHERE message_id = ?', messageId)
  }

  /** Keeps the newest; returns how many it gave up. */
  prune(keep: number): number {
    return this.#database.run(
      `DELETE FROM tasks WHERE ended_at < (SELECT ended_at FROM tasks ORDER BY ended_at DESC LIMIT 1 OFFSET ?)`,
      keep,
    )
  }
}
