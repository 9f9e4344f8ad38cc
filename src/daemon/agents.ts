import type { Message } from '../schema/message.ts'
import type { Agent, AgentDetail, AgentSpec } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import type { RunRequest } from '../schema/requests.ts'
import type { AgentRow } from '../store/index.ts'
import { createId } from '../util/id.ts'
import type { WaitLimit } from '../util/notifier.ts'
import { checkRunRequest } from './check-run-request.ts'
import { getAgentByName, type DaemonContext } from './context.ts'
import { faultPoint } from './fault-point.ts'
import type { Mailbox } from './mailbox.ts'
import type { Reconciler } from './reconciler.ts'
import type { Templates } from './templates.ts'
import { readSpec, readView, toAgent } from './views.ts'

/** What agents are made and kept with. */
export interface AgentsParts {
  context: DaemonContext
  reconciler: Reconciler
  templates: Templates
  mailbox: Mailbox
}

interface NewAgentRequest {
  id: string
  name: string
  spec: AgentSpec
  template: string
  request: RunRequest
  origin: AgentOrigin
}

/** For whom an agent is made. */
export interface AgentOrigin {
  /** Sender of its first message. */
  from: string
  /** Part of the transaction that makes it; of one of its own for an agent that the request made before. */
  record?: (agent: Pick<AgentRow, 'id' | 'name'>) => void
}

/** What clients can ask of agents. Each call is one durable transaction, then the work begins. */
export class Agents {
  readonly #context: DaemonContext
  readonly #reconciler: Reconciler
  readonly #templates: Templates
  readonly #mailbox: Mailbox

  constructor(parts: AgentsParts) {
    this.#context = parts.context
    this.#reconciler = parts.reconciler
    this.#templates = parts.templates
    this.#mailbox = parts.mailbox
  }

  /**
   * Makes an agent and starts it. The same request id again answers with the first agent. Errors:
   * those of the template, the spec and the name; nothing is made then.
   */
  async create(
    request: RunRequest,
    origin: AgentOrigin = { from: 'user' },
  ): Promise<{ agent: Agent; message: Message | null }> {
    if (request.name !== undefined && !this.#find(request)) {
      this.#checkFree(request.name)
    }
    const { id, template, spec } = await checkRunRequest(this.#context, this.#templates, request)
    // From here on nothing waits, so nothing can come in between.
    const before = this.#find(request)
    if (!before) {
      const name = request.name ?? this.#nextName(template)
      this.#insert({ id, spec, request, name, template, origin })
      faultPoint('request-committed')
      this.#reconciler.kick(id)
    } else if (origin.record) {
      this.#context.store.transaction('durable', () => origin.record?.(before))
    }
    const made = before?.id ?? id
    return { agent: this.#show(made), message: this.#mailbox.first(made) }
  }

  list(all: boolean): Agent[] {
    const { store } = this.#context
    const agents = Array.from(store.agents.list(), (row) => toAgent(row, store.host))
    return all ? agents : agents.filter(({ status }) => status !== 'stopped' && status !== 'failed')
  }

  show(name: string): AgentDetail {
    const row = getAgentByName(this.#context, name)
    return { ...this.#show(row.id), spec: readSpec(row) }
  }

  /** The agent once it is up, has ended again, or the time is over. */
  async awaitUp(name: string, wait: WaitLimit): Promise<Agent> {
    const { id } = getAgentByName(this.#context, name)
    await this.#context.notifier.until(
      `agent:${id}`,
      () => (this.#isSettled(id) ? true : undefined),
      wait,
    )
    return this.#show(id)
  }

  /** Errors: `agent_stopped`. */
  async wake(name: string, wait: WaitLimit): Promise<Agent> {
    const agent = getAgentByName(this.#context, name)
    if (agent.hold === 'stopped') {
      throw new DroverError(
        'agent_stopped',
        `${agent.name} is stopped; nothing wakes it but start.`,
        { details: { agent: agent.name } },
      )
    }
    return await this.#wish(agent, wait, () => this.#context.store.agents.setWish(agent.id, 'wake'))
  }

  /** Ends its run once its turn is over; its session stays. */
  async sleep(name: string, wait: WaitLimit): Promise<Agent> {
    const agent = getAgentByName(this.#context, name)
    return await this.#wish(agent, wait, () =>
      this.#context.store.agents.setWish(agent.id, 'sleep'),
    )
  }

  /** A durable hold: ends its run, refuses what waits and what comes. */
  async stop(name: string, wait: WaitLimit): Promise<Agent> {
    const agent = getAgentByName(this.#context, name)
    return await this.#wish(agent, wait, () =>
      this.#context.store.agents.setHold(agent.id, 'stopped'),
    )
  }

  /** Clears the hold and brings it up. */
  async start(name: string, wait: WaitLimit): Promise<Agent> {
    const agent = getAgentByName(this.#context, name)
    return await this.#wish(agent, wait, () => {
      this.#context.store.agents.setHold(agent.id, null)
      this.#context.store.agents.setWish(agent.id, 'wake')
    })
  }

  /** Removes it for good, with its schedules; gives their names. Errors: `agent_running`, unless forced. */
  async remove(name: string, force: boolean, wait: WaitLimit): Promise<string[]> {
    const { store, notifier } = this.#context
    const agent = getAgentByName(this.#context, name)
    if (agent.run_id && !force) {
      throw new DroverError('agent_running', `${agent.name} has a live run.`, {
        details: { agent: agent.name },
      })
    }
    const schedules = store.schedules.namesOfAgent(agent.id)
    this.#reconciler.records.change(agent.id, 'durable', () => {
      store.agents.setRemoving(agent.id)
      this.#reconciler.records.advance(agent.id)
    })
    this.#reconciler.kick(agent.id)
    await notifier.until(
      `agent:${agent.id}`,
      () => (store.agents.get(agent.id) ? undefined : true),
      wait,
    )
    return schedules
  }

  /** Ends every live run as sleep does, but at once. Resolves when all have ended, or the time is over. */
  async sleepAll(wait: WaitLimit): Promise<void> {
    const { store } = this.#context
    const live = store.runs.listLive()
    await Promise.all(
      live.map(async ({ agent_id: agentId, id }) => {
        this.#reconciler.records.change(agentId, 'durable', () =>
          store.runs.setStopping(id, 'shutdown'),
        )
        this.#reconciler.kick(agentId)
        await this.#context.notifier.until(
          `agent:${agentId}`,
          () => (store.agents.get(agentId)?.run_id === id ? undefined : true),
          wait,
        )
      }),
    )
  }

  async #wish(agent: AgentRow, wait: WaitLimit, work: () => void): Promise<Agent> {
    const { store, notifier } = this.#context
    this.#reconciler.records.change(agent.id, 'durable', () => {
      work()
      this.#reconciler.records.advance(agent.id)
    })
    this.#reconciler.kick(agent.id)
    if (wait.seconds > 0) {
      await notifier.until(
        `agent:${agent.id}`,
        () => (this.#isSettled(agent.id) ? true : undefined),
        wait,
      )
    }
    return this.#show(store.agents.get(agent.id)?.id ?? agent.id)
  }

  /** Nothing that was asked for is still under way, and nothing of an ended run lives. */
  #isSettled(agentId: string): boolean {
    const view = readView(this.#context, agentId)
    if (!view) {
      return true
    }
    const isReleased = view.run !== null || view.unreleased === 0
    return (
      isReleased &&
      view.wish === null &&
      view.run?.status !== 'starting' &&
      !view.run?.stopReason &&
      !(view.hold && view.run)
    )
  }

  #show(agentId: string): Agent {
    const row = this.#context.store.agents.getListed(agentId)
    if (!row) {
      throw new DroverError('agent_not_found', 'The agent was removed meanwhile.')
    }
    return toAgent(row, this.#context.store.host)
  }

  /** The agent that the same request made before. */
  #find({ requestId }: RunRequest): AgentRow | undefined {
    return requestId === undefined ? undefined : this.#context.store.agents.getByRequest(requestId)
  }

  #insert({ id, name, spec, template, request, origin }: NewAgentRequest): void {
    const { store, now } = this.#context
    const { records } = this.#reconciler
    const { prompt, requestId = null } = request
    records.change(id, 'durable', () => {
      this.#checkFree(name)
      store.agents.insert({
        id,
        name,
        spec: JSON.stringify(spec),
        template,
        wish: prompt === undefined ? 'wake' : null,
        requestId,
        firstSeq: store.events.lastSeq,
        now: now(),
      })
      records.event(id, 'agent.created', {
        provider: spec.provider,
        runtime: spec.runtime,
        template,
      })
      if (prompt !== undefined) {
        this.#mailbox.store(id, { id: createId('msg'), body: prompt, from: origin.from })
      }
      records.advance(id)
      origin.record?.({ id, name })
    })
  }

  #checkFree(name: string): void {
    if (this.#context.store.agents.getByName(name)) {
      throw new DroverError(
        'name_taken',
        `name: there is an agent ${JSON.stringify(name)} already.`,
        { details: { field: 'name', name } },
      )
    }
  }

  /** The template's name, with the first number from 1 that is free. */
  #nextName(template: string): string {
    const taken = new Set(this.#context.store.agents.namesLike(template))
    let number = 1
    while (taken.has(`${template}-${number}`)) {
      number++
    }
    return `${template}-${number}`
  }
}
