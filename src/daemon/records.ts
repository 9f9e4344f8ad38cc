import { canAdvanceReceipt } from '../core/receipt.ts'
import { joinableSteps, nextStep, type RecordStep } from '../core/next-step.ts'
import type { EventType } from '../schema/event.ts'
import type { ReceiptState } from '../schema/message.ts'
import type { MessageRow, RunRow } from '../store/index.ts'
import { speechOf, type DaemonContext } from './context.ts'
import { endRun, type RunEnding } from './end-run.ts'
import { takeRecordStep } from './record-steps.ts'
import { readStatus, readView } from './views.ts'

/** A receipt's next state, and why. */
export interface ReceiptMove {
  state: ReceiptState
  cause?: string | null
  reply?: string | null
}

/**
 * The steps that are rows and nothing else. Every change of an agent goes through `change`, so that
 * rows, events and the status that follows from them are one transaction.
 */
export class Records {
  readonly context: DaemonContext

  constructor(context: DaemonContext) {
    this.context = context
  }

  /**
   * Runs `work` in one transaction, tells of the status if it changed, and wakes who waits.
   * `durable` for what a client is told, `relaxed` for what can be found out again.
   */
  change<T>(agentId: string, durability: 'durable' | 'relaxed', work: () => T): T {
    const { store, notifier } = this.context
    const result = store.transaction(durability, () => {
      const before = readStatus(store, agentId)
      const value = work()
      const after = readStatus(store, agentId)
      if (before !== after && after) {
        this.event(agentId, 'agent.status', { status: after, before: before ?? null })
      }
      return value
    })
    notifier.notify(`agent:${agentId}`)
    return result
  }

  /** Appends an event about an agent; part of the transaction under way. */
  event(
    agentId: string,
    type: EventType,
    data: Record<string, unknown>,
    runId: string | null = null,
  ): void {
    const name = this.context.store.agents.getName(agentId) ?? null
    this.context.store.events.append({ type, agent: name, run: runId, data }, this.context.now())
  }

  /** Takes the steps that may join a request's own transaction, so that one commit holds both. */
  advance(agentId: string): void {
    for (;;) {
      const view = readView(this.context, agentId)
      const step = view && nextStep(view, this.context.now())
      if (step?.kind !== 'record' || !joinableSteps.has(step.do)) {
        return
      }
      this.#take(agentId, step)
    }
  }

  record(agentId: string, step: RecordStep): void {
    this.change(agentId, 'relaxed', () => this.#take(agentId, step))
  }

  /** Moves a receipt forward; a move backward is no move. Returns whether it moved. */
  moveReceipt(message: Pick<MessageRow, 'id' | 'agent_id'>, move: ReceiptMove): boolean {
    const { store, notifier, now } = this.context
    const current = store.messages.get(message.id)
    if (!current || !canAdvanceReceipt(current.state, move.state)) {
      return false
    }
    store.messages.setState(message.id, { ...move, now: now() })
    this.event(
      message.agent_id,
      'message.state',
      { id: message.id, state: move.state, cause: move.cause ?? null },
      current.run_id,
    )
    queueMicrotask(() => notifier.notify(`message:${message.id}`))
    return true
  }

  /** A run is up: its handle is known, and what was written to its input is in its program's reach. */
  setRunning(run: RunRow, handle: object): void {
    const { store, now, admission } = this.context
    const { turns } = speechOf(this.context, run).capabilities
    this.change(run.agent_id, 'relaxed', () => {
      store.runs.setRunning(run.id, JSON.stringify(handle), now())
      if (run.handle === null) {
        this.event(run.agent_id, 'run.running', { runtime: run.runtime }, run.id)
      }
      for (const message of store.messages.listOpen(run.id)) {
        if (message.is_written === 1) {
          this.moveReceipt(message, { state: 'delivered' })
        }
      }
      if (!turns) {
        this.setReady(run)
      }
    })
    admission.up(run.agent_id, !turns)
  }

  /** A run is at rest. Told of once. */
  setSuspended(run: RunRow, handle: object): void {
    const { store, now } = this.context
    this.change(run.agent_id, 'relaxed', () => {
      const isNews = store.runs.get(run.id)?.suspended_at === null
      store.suspensions.setSuspended(run.id, JSON.stringify(handle), now())
      if (isNews) {
        this.event(run.agent_id, 'run.suspended', {}, run.id)
      }
    })
  }

  /** A run is awake. Told of where that it was at rest was told of. */
  setResumed(run: RunRow, handle: object): void {
    const { store, now } = this.context
    this.change(run.agent_id, 'relaxed', () => {
      const since = store.runs.get(run.id)?.suspended_at ?? null
      store.suspensions.setResumed(run.id, JSON.stringify(handle), now())
      if (since !== null) {
        this.event(run.agent_id, 'run.resumed', { suspendedMs: Math.max(0, now() - since) }, run.id)
      }
    })
  }

  /** Its program took its first turn, and with it the fresh session that was asked for has begun. */
  setReady(run: RunRow): void {
    const { store, now } = this.context
    if (store.runs.setReady(run.id, now())) {
      this.event(run.agent_id, 'run.ready', { isResumed: run.is_resumed === 1 }, run.id)
      if (run.is_resumed === 0) {
        store.agents.setNew(run.agent_id, false)
      }
    }
  }

  /** Ends a run: its row, its agent, and the receipts of what it had. Once only. */
  endRun(run: RunRow, ending: RunEnding): void {
    this.change(run.agent_id, 'relaxed', () => endRun(this, run, ending))
    this.context.admission.end(run.agent_id)
  }

  /** Nobody is left whom its schedules could write to. Part of the transaction that removes the agent. */
  removeSchedules(agentId: string): void {
    const { schedules } = this.context.store
    for (const name of schedules.namesOfAgent(agentId)) {
      this.event(agentId, 'schedule.removed', { name, cause: 'its agent was removed' })
    }
    schedules.deleteOfAgent(agentId)
  }

  #take(agentId: string, step: RecordStep): void {
    const agent = this.context.store.agents.get(agentId)
    if (agent) {
      takeRecordStep(this, agent, step)
    }
  }
}
