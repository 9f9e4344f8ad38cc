import { canAdvanceReceipt } from '../core/receipt.ts'
import { joinableSteps, nextStep, type RecordStep } from '../core/next-step.ts'
import type { EventType } from '../schema/event.ts'
import type { ReceiptState } from '../schema/message.ts'
import type { AgentRow, MessageRow, RunEnd, RunRow } from '../store/index.ts'
import { createId } from '../util/id.ts'
import { getProvider, type DaemonContext } from './context.ts'
import { readSpec, readStatus, readView } from './views.ts'

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
  readonly #context: DaemonContext

  constructor(context: DaemonContext) {
    this.#context = context
  }

  /**
   * Runs `work` in one transaction, tells of the status if it changed, and wakes who waits.
   * `durable` for what a client is told, `relaxed` for what can be found out again.
   */
  change<T>(agentId: string, durability: 'durable' | 'relaxed', work: () => T): T {
    const { store, notifier } = this.#context
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
    const name = this.#context.store.agents.getName(agentId) ?? null
    this.#context.store.events.append({ type, agent: name, run: runId, data }, this.#context.now())
  }

  /** Takes the steps that may join a request's own transaction, so that one commit holds both. */
  advance(agentId: string): void {
    for (;;) {
      const view = readView(this.#context, agentId)
      const step = view && nextStep(view)
      if (step?.kind !== 'record' || !joinableSteps.has(step.do)) {
        return
      }
      this.#take(agentId, step.do)
    }
  }

  record(agentId: string, step: RecordStep): void {
    this.change(agentId, 'relaxed', () => this.#take(agentId, step))
  }

  /** Moves a receipt forward; a move backward is no move. Returns whether it moved. */
  moveReceipt(message: Pick<MessageRow, 'id' | 'agent_id'>, move: ReceiptMove): boolean {
    const { store, notifier, now } = this.#context
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
    const { store, now } = this.#context
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
    })
  }

  /**
   * Ends a run: its row, its agent, and the receipts of what it had. Messages whose bytes a live
   * program may have read fail; those it can't have seen wait for the next run. Once only.
   */
  endRun(run: RunRow, end: RunEnd): void {
    const { store } = this.#context
    this.change(run.agent_id, 'relaxed', () => {
      if (!store.runs.end(run.id, end)) {
        return
      }
      for (const message of store.messages.listOpen(run.id)) {
        if (message.state === 'delivered' || message.state === 'accepted') {
          this.moveReceipt(message, {
            state: 'failed',
            cause: `the run ended before the turn was over: ${end.cause ?? end.status}`,
          })
        } else if (end.status === 'failed') {
          this.moveReceipt(message, {
            state: 'failed',
            cause: `the program could not be brought up: ${end.cause ?? end.status}`,
          })
        } else {
          store.messages.unassign(message.id)
        }
      }
      store.agents.clearRun(run.agent_id, run.id)
      if (end.status === 'failed' && store.agents.get(run.agent_id)?.wish === 'wake') {
        store.agents.setWish(run.agent_id, null)
      }
      this.event(
        run.agent_id,
        'run.ended',
        { status: end.status, exitCode: end.exitCode, signal: end.signal, cause: end.cause },
        run.id,
      )
    })
  }

  /** Nobody is left whom its schedules could write to. Part of the transaction that removes the agent. */
  removeSchedules(agentId: string): void {
    const { schedules } = this.#context.store
    for (const name of schedules.namesOfAgent(agentId)) {
      this.event(agentId, 'schedule.removed', { name, cause: 'its agent was removed' })
    }
    schedules.deleteOfAgent(agentId)
  }

  #take(agentId: string, step: RecordStep): void {
    const agent = this.#context.store.agents.get(agentId)
    if (!agent) {
      return
    }
    switch (step) {
      case 'create-run':
        return this.#createRun(agent)
      case 'assign-message':
        return this.#assignMessage(agent)
      case 'refuse-messages':
        return this.#refuseMessages(agent)
      case 'request-stop':
        return this.#requestStop(agent)
      case 'cancel-run':
        return this.#cancelRun(agent)
      case 'clear-wish':
        return this.#context.store.agents.setWish(agentId, null)
    }
  }

  #createRun(agent: AgentRow): void {
    const { store, now } = this.#context
    const spec = readSpec(agent)
    const provider = getProvider(this.#context, spec.provider)
    const canResume = provider.capabilities.resume && agent.session !== null
    const id = createId('run')
    store.runs.insert({
      id,
      agentId: agent.id,
      runtime: spec.runtime,
      provider: spec.provider,
      session: canResume ? agent.session : null,
      isResumed: canResume,
      now: now(),
    })
    const previous = canResume && agent.last_run_id ? store.runs.get(agent.last_run_id) : undefined
    if (previous?.decoder && provider.carry) {
      store.runs.setDecoder(
        id,
        JSON.stringify(provider.carry(JSON.parse(previous.decoder) as Record<string, unknown>)),
      )
    }
    store.agents.setRun(agent.id, id)
    for (const message of store.messages.listQueued(agent.id)) {
      this.moveReceipt(message, { state: 'waking' })
    }
    this.event(
      agent.id,
      'run.starting',
      { runtime: spec.runtime, provider: spec.provider, isResumed: canResume },
      id,
    )
  }

  /** Decides where in the program's input the next message goes; nothing is written yet. */
  #assignMessage(agent: AgentRow): void {
    const { store } = this.#context
    const message = store.messages.nextQueued(agent.id)
    const run = agent.run_id ? store.runs.get(agent.run_id) : undefined
    if (!message || !run) {
      return
    }
    const provider = getProvider(this.#context, run.provider)
    const bytes = Buffer.byteLength(
      provider.encode({ id: message.id, from: message.sender, body: message.body }),
    )
    store.messages.assign(message.id, run.id, store.runs.reserveInput(run.id, bytes))
    if (provider.capabilities.turns) {
      store.runs.setTurn(run.id, 'working')
    }
  }

  #refuseMessages(agent: AgentRow): void {
    const cause = agent.is_removing ? 'the agent was removed' : 'the agent was stopped'
    for (const message of this.#context.store.messages.listQueued(agent.id)) {
      this.moveReceipt(message, { state: 'refused', cause })
    }
  }

  #requestStop(agent: AgentRow): void {
    if (agent.run_id) {
      const reason = agent.is_removing ? 'remove' : agent.hold ? 'stop' : 'sleep'
      this.#context.store.runs.setStopping(agent.run_id, reason)
    }
  }

  #cancelRun(agent: AgentRow): void {
    const run = agent.run_id ? this.#context.store.runs.get(agent.run_id) : undefined
    if (run) {
      this.endRun(run, {
        status: 'stopped',
        exitCode: null,
        signal: null,
        cause: 'it was stopped before it started',
        now: this.#context.now(),
      })
    }
  }
}
