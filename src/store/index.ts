import { hostname } from 'node:os'
import path from 'node:path'
import { AgentTable } from './agent-table.ts'
import { ApprovalTable } from './approval-table.ts'
import type { Database, Durability } from './database.ts'
import { beginBoot, endBoot, settleInstance } from './home-table.ts'
import { CostTable } from './cost-table.ts'
import { DoorTable } from './door-table.ts'
import { EventLog } from './event-log.ts'
import { GuestTable } from './guest-table.ts'
import { InputTable } from './input-table.ts'
import { MessageTable } from './message-table.ts'
import { openDatabase, type OpenOptions } from './open.ts'
import { RunSizeTable } from './run-size-table.ts'
import { RunTable } from './run-table.ts'
import { ScheduleTable } from './schedule-table.ts'
import { settleClock } from './settle-clock.ts'
import { SuspensionTable } from './suspension-table.ts'
import { TaskTable } from './task-table.ts'
import { WorktreeTable } from './worktree-table.ts'

export type { AgentListRow, AgentStatusRow, AgentViewRow } from './agent-queries.ts'
export type { CostFilter, CostSumRow, TurnCost } from './cost-table.ts'
export type { AgentWait } from './agent-table.ts'
export type { ApprovalEnd, ApprovalFilter } from './approval-table.ts'
export {
  toEvent,
  type EventLog,
  type EventPage,
  type NewEvent,
  type StoredEvent,
} from './event-log.ts'
export type { GuestRow, NewGuest } from './guest-table.ts'
export type { MessageHead } from './message-table.ts'
export type { AgentRow, ApprovalRow, InputRow, MessageRow, RunRow, ScheduleRow } from './rows.ts'
export type { LookedAtRun, RunEnd, RunProgress } from './run-table.ts'
export type { ScheduleListRow } from './schedule-table.ts'
export type { ListedWorktree, WorktreeRow } from './worktree-table.ts'

/** The home's memory: one table a file, and the transactions that join them. */
export class Store {
  readonly agents: AgentTable
  readonly runs: RunTable
  readonly runSizes: RunSizeTable
  readonly suspensions: SuspensionTable
  readonly messages: MessageTable
  readonly inputs: InputTable
  readonly approvals: ApprovalTable
  readonly tasks: TaskTable
  readonly schedules: ScheduleTable
  readonly costs: CostTable
  readonly worktrees: WorktreeTable
  readonly guests: GuestTable
  readonly door: DoorTable
  readonly events: EventLog
  /** Identity of this home; what we start outside carries it. */
  readonly instance: string
  readonly host: string
  readonly #database: Database

  constructor(options: OpenOptions) {
    this.#database = openDatabase(options)
    this.agents = new AgentTable(this.#database)
    this.runs = new RunTable(this.#database)
    this.runSizes = new RunSizeTable(this.#database)
    this.suspensions = new SuspensionTable(this.#database)
    this.messages = new MessageTable(this.#database)
    this.inputs = new InputTable(this.#database)
    this.approvals = new ApprovalTable(this.#database)
    this.tasks = new TaskTable(this.#database)
    this.schedules = new ScheduleTable(this.#database)
    this.costs = new CostTable(this.#database)
    this.worktrees = new WorktreeTable(this.#database)
    this.guests = new GuestTable(this.#database)
    this.door = new DoorTable(this.#database)
    this.instance = settleInstance(
      this.#database,
      path.join(path.dirname(options.file), 'instance'),
    )
    beginBoot(this.#database)
    this.events = new EventLog(this.#database)
    this.host = hostname()
  }

  /** One transaction; see `Durability` for what its commit survives. */
  transaction<T>(durability: Durability, work: () => T): T {
    try {
      return this.#database.transaction(durability, work)
    } catch (error) {
      this.events.discardPending()
      throw error
    }
  }

  /** Calls back once the transaction under way is committed; never when it is rolled back. */
  afterCommit(callback: () => void): void {
    this.#database.afterCommit(callback)
  }

  /** The clock was set back, or may have been; see `settleClock`. Both are ms. */
  settleClock(now: number, mostAheadMs: number): void {
    settleClock(this.#database, now, mostAheadMs)
  }

  /** Resolves once all that is committed by now survives power loss. */
  async sync(): Promise<void> {
    await this.#database.sync()
  }

  /** Folds the log into the file and closes it: from here on nothing can be lost. It is closed also when it throws. */
  close(): void {
    try {
      endBoot(this.#database)
      this.#database.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    } finally {
      this.#database.close()
    }
  }
}
