import { isFinalReceiptState, type Message } from '../schema/message.ts'
import { AgentName } from '../schema/agent-name.ts'
import type { Agent, AgentDetail } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import { limits } from '../schema/limits.ts'
import type { RunRequest, SendRequest } from '../schema/requests.ts'
import type { AgentRow } from '../store/index.ts'
import { createId } from '../util/id.ts'
import type { WaitLimit } from '../util/notifier.ts'
import { agentFolders, getProvider, providerContext, type DaemonContext } from './context.ts'
import { faultPoint } from './fault-point.ts'
import type { Reconciler } from './reconciler.ts'
import { resolveSpec } from './resolve-spec.ts'
import type { Templates } from './templates.ts'
import { readSpec, readView, toAgent, toMessage } from './views.ts'

/** What clients can ask of agents and messages. Each call is one durable transaction, then the work begins. */
export class Agents {
  readonly #context: DaemonContext
  readonly #reconciler: Reconciler
  readonly #templates: Templates

  constructor(context: DaemonContext, reconciler: Reconciler, templates: Templates) {
    this.#context = context
    this.#reconciler = reconciler
    this.#templates = templates
  }

  /** Makes an agent and starts it. Errors: those of the template, the spec and the name; nothing is made then. */
  async create(request: RunRequest): Promise<{ agent: Agent; message: Message | null }> {
    const { store } = this.#context
    const before = request.requestId ? store.agents.getByRequest(request.requestId) : undefined
    if (before) {
      return { agent: this.#show(before.id), message: this.#firstMessage(before) }
    }
    const { template } = this.#templates.get(request.template)
    const id = createId('agent')
    const folders = agentFolders(this.#context, id)
    const spec = resolveSpec(this.#context, template, request, folders.work)
    const base = providerContext(this.#context, spec.provider, spec.env)
    const name = request.name ?? this.#nextName(template.name)
    this.#checkFree(name)
    await getProvider(this.#context, spec.provider).launch({
      ...base,
      agent: { id, name },
      spec,
      resume: null,
      newSession: '00000000-0000-4000-8000-000000000000',
      stateFolder: folders.state,
    })
    this.#reconciler.records.change(id, 'durable', () => {
      this.#checkFree(name)
      const now = this.#context.now()
      store.agents.insert({
        id,
        name,
        spec: JSON.stringify(spec),
        template: template.name,
        wish: request.prompt === undefined ? 'wake' : null,
        requestId: request.requestId ?? null,
        now,
      })
      this.#reconciler.records.event(id, 'agent.created', { provider: spec.provider, runtime: spec.runtime, template: template.name })
      if (request.prompt !== undefined) {
        this.#store(id, { id: createId('msg'), body: request.prompt, from: 'user' })
      }
      this.#reconciler.records.advance(id)
    })
    faultPoint('request-committed')
    this.#reconciler.kick(id)
    const row = this.#byName(name)
    return { agent: this.#show(id), message: this.#firstMessage(row) }
  }

  list(all: boolean): Agent[] {
    const { store } = this.#context
    const agents = store.agents.list().map((row) => toAgent(row, store.host))
    return all ? agents : agents.filter(({ status }) => status !== 'stopped' && status !== 'failed')
  }

  show(name: string): AgentDetail {
    const row = this.#byName(name)
    return { ...this.#show(row.id), spec: readSpec(row) }
  }

  /**
   * Takes a message. It is on disk when this returns. The same id again answers with the first
   * message. Errors: `agent_stopped`, `queue_full`, `conflict` (an id used for another message).
   */
  send(name: string, request: SendRequest): Message {
    const { store } = this.#context
    const agent = this.#byName(name)
    const before = request.id ? store.messages.get(request.id) : undefined
    if (before) {
      if (before.agent_id !== agent.id || before.body !== request.body) {
        throw new DroverError('conflict', `id: ${request.id} was used for another message.`, { details: { field: 'id' } })
      }
      return toMessage(before, agent.name)
    }
    const id = request.id ?? createId('msg')
    if (agent.hold === 'stopped' || agent.is_removing) {
      this.#reconciler.records.change(agent.id, 'durable', () => this.#refuse(agent, { ...request, id }))
      throw new DroverError('agent_stopped', `${agent.name} is stopped and takes no messages.`, { details: { agent: agent.name, message: id } })
    }
    if (store.messages.countQueued(agent.id) >= limits.queuedMessages) {
      throw new DroverError('queue_full', `${agent.name} has ${limits.queuedMessages} messages waiting.`, { details: { agent: agent.name } })
    }
    this.#reconciler.records.change(agent.id, 'durable', () => {
      this.#store(agent.id, { ...request, id })
      store.agents.touch(agent.id, this.#context.now())
      this.#reconciler.records.advance(agent.id)
    })
    faultPoint('request-committed')
    this.#reconciler.kick(agent.id)
    return this.message(id)
  }

  /** Errors: `message_not_found`. */
  message(id: string): Message {
    const { store } = this.#context
    const row = store.messages.get(id)
    if (!row) {
      throw new DroverError('message_not_found', `id: there is no message ${JSON.stringify(id.slice(0, 128))}.`, { details: { field: 'id' } })
    }
    return toMessage(row, store.agents.get(row.agent_id)?.name ?? '')
  }

  messages(name: string, limit: number): Message[] {
    const agent = this.#byName(name)
    return this.#context.store.messages.listOfAgent(agent.id, limit).map((row) => toMessage(row, agent.name))
  }

  /** The message once its receipt is final, or as it is when the time is over. */
  async awaitMessage(id: string, wait: WaitLimit): Promise<Message> {
    const look = (): Message | undefined => {
      const message = this.message(id)
      return isFinalReceiptState(message.state) ? message : undefined
    }
    return (await this.#context.notifier.until(`message:${id}`, look, wait)) ?? this.message(id)
  }

  /** The agent once it is up, has ended again, or the time is over. */
  async awaitUp(name: string, wait: WaitLimit): Promise<Agent> {
    const { id } = this.#byName(name)
    await this.#context.notifier.until(`agent:${id}`, () => (this.#isSettled(id) ? true : undefined), wait)
    return this.#show(id)
  }

  /** Errors: `agent_stopped`. */
  async wake(name: string, wait: WaitLimit): Promise<Agent> {
    const agent = this.#byName(name)
    if (agent.hold === 'stopped') {
      throw new DroverError('agent_stopped', `${agent.name} is stopped; nothing wakes it but start.`, { details: { agent: agent.name } })
    }
    return await this.#wish(agent, wait, () => this.#context.store.agents.setWish(agent.id, 'wake'))
  }

  /** Ends its run once its turn is over; its session stays. */
  async sleep(name: string, wait: WaitLimit): Promise<Agent> {
    const agent = this.#byName(name)
    return await this.#wish(agent, wait, () => this.#context.store.agents.setWish(agent.id, 'sleep'))
  }

  /** A durable hold: ends its run, refuses what waits and what comes. */
  async stop(name: string, wait: WaitLimit): Promise<Agent> {
    const agent = this.#byName(name)
    return await this.#wish(agent, wait, () => this.#context.store.agents.setHold(agent.id, 'stopped'))
  }

  /** Clears the hold and brings it up. */
  async start(name: string, wait: WaitLimit): Promise<Agent> {
    const agent = this.#byName(name)
    return await this.#wish(agent, wait, () => {
      this.#context.store.agents.setHold(agent.id, null)
      this.#context.store.agents.setWish(agent.id, 'wake')
    })
  }

  /** Removes it for good. Errors: `agent_running`, unless forced. */
  async remove(name: string, force: boolean, wait: WaitLimit): Promise<void> {
    const { store, notifier } = this.#context
    const agent = this.#byName(name)
    if (agent.run_id && !force) {
      throw new DroverError('agent_running', `${agent.name} has a live run.`, { details: { agent: agent.name } })
    }
    this.#reconciler.records.change(agent.id, 'durable', () => {
      store.agents.setRemoving(agent.id)
      this.#reconciler.records.advance(agent.id)
    })
    this.#reconciler.kick(agent.id)
    await notifier.until(`agent:${agent.id}`, () => (store.agents.get(agent.id) ? undefined : true), wait)
  }

  /** Ends every live run as sleep does, but at once. Resolves when all have ended, or the time is over. */
  async sleepAll(wait: WaitLimit): Promise<void> {
    const { store } = this.#context
    const live = store.runs.listLive()
    await Promise.all(
      live.map(async ({ agent_id: agentId, id }) => {
        this.#reconciler.records.change(agentId, 'durable', () => store.runs.setStopping(id, 'shutdown'))
        this.#reconciler.kick(agentId)
        await this.#context.notifier.until(`agent:${agentId}`, () => (store.agents.get(agentId)?.run_id === id ? undefined : true), wait)
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
      await notifier.until(`agent:${agent.id}`, () => (this.#isSettled(agent.id) ? true : undefined), wait)
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
    return isReleased && view.wish === null && view.run?.status !== 'starting' && !view.run?.stopReason && !(view.hold && view.run)
  }

  #store(agentId: string, message: { id: string; body: string; from: string }): void {
    const { store, now } = this.#context
    store.messages.insert({ id: message.id, agentId, sender: message.from, body: message.body, state: 'stored', cause: null, now: now() })
    this.#reconciler.records.event(agentId, 'message.state', { id: message.id, state: 'stored', cause: null, from: message.from })
  }

  #refuse(agent: AgentRow, message: { id: string; body: string; from: string }): void {
    const { store, now } = this.#context
    const cause = 'the agent is stopped'
    store.messages.insert({ id: message.id, agentId: agent.id, sender: message.from, body: message.body, state: 'refused', cause, now: now() })
    this.#reconciler.records.event(agent.id, 'message.state', { id: message.id, state: 'refused', cause, from: message.from })
  }

  #firstMessage(agent: AgentRow): Message | null {
    const [first] = this.#context.store.messages.listOfAgent(agent.id, limits.queuedMessages)
    return first ? toMessage(first, agent.name) : null
  }

  #show(agentId: string): Agent {
    const row = this.#context.store.agents.getListed(agentId)
    if (!row) {
      throw new DroverError('agent_not_found', 'The agent was removed meanwhile.')
    }
    return toAgent(row, this.#context.store.host)
  }

  #byName(name: string): AgentRow {
    const row = AgentName.safeParse(name).success ? this.#context.store.agents.getByName(name) : undefined
    if (!row) {
      throw new DroverError('agent_not_found', `There is no agent ${JSON.stringify(name.slice(0, 80))}.`, { details: { field: 'name' } })
    }
    return row
  }

  #checkFree(name: string): void {
    if (this.#context.store.agents.getByName(name)) {
      throw new DroverError('name_taken', `name: there is an agent ${JSON.stringify(name)} already.`, { details: { field: 'name', name } })
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
