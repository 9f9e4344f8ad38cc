import { randomUUID } from 'node:crypto'
import type { Message } from '../schema/message.ts'
import type { Agent, AgentDetail, AgentSpec } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import type { RunRequest } from '../schema/requests.ts'
import type { AgentRow } from '../store/index.ts'
import { createId } from '../util/id.ts'
import type { WaitLimit } from '../util/notifier.ts'
import {
  agentFolders,
  getAgentByName,
  getProvider,
  providerContext,
  type DaemonContext,
} from './context.ts'
import { faultPoint } from './fault-point.ts'
import { findTask } from './keep-task.ts'
import { launchFolder } from './launch-folder.ts'
import type { Mailbox } from './mailbox.ts'
import type { Reconciler } from './reconciler.ts'
import { resolveSpec } from './resolve-spec.ts'
import type { Templates } from './templates.ts'
import { readSpec } from './spec-cache.ts'
import { toAgent } from './views.ts'

/** What agents are made and kept with. */
export interface AgentsParts {
  context: DaemonContext
  reconciler: Reconciler
  templates: Templates
  mailbox: Mailbox
}

/** An agent with its first message, where it was given one. */
export interface MadeAgent {
  agent: Agent
  message: Message | null
}

interface NewAgentRequest {
  id: string
  name: string
  spec: AgentSpec
  template: string
  request: RunRequest
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
   * Makes an agent and starts it; without a template, the agent of the folder begins a fresh session.
   * The same request id again answers with the first agent. Errors: those of the template, the spec
   * and the name; nothing is made then.
   */
  async create(request: RunRequest): Promise<MadeAgent> {
    const task = request.requestId && findTask(this.#context, { requestId: request.requestId })
    if (task) {
      return task
    }
    if (request.template === undefined) {
      const parts = { context: this.#context, reconciler: this.#reconciler, mailbox: this.#mailbox }
      const { agentId, message } = launchFolder(parts, request)
      return { agent: this.#show(agentId), message }
    }
    if (request.ephemeral && request.prompt === undefined) {
      throw new DroverError('invalid_request', 'prompt: an ephemeral agent needs its task.', {
        details: { field: 'prompt' },
      })
    }
    const { template } = this.#templates.get(request.template)
    const id = createId('agent')
    const spec = resolveSpec(this.#context, template, request, agentFolders(this.#context, id).work)
    if (request.name !== undefined && !this.#find(request)) {
      this.#checkFree(request.name)
    }
    await this.#tryLaunch(id, spec)
    // From here on nothing waits, so nothing can come in between.
    const before = this.#find(request)
    if (!before) {
      this.#insert({
        id,
        spec,
        request,
        name: request.name ?? this.#nextName(template.name),
        template: template.name,
      })
      faultPoint('request-committed')
      this.#reconciler.kick(id)
    }
    const made = before?.id ?? id
    return { agent: this.#show(made), message: this.#mailbox.first(made) }
  }

  list(all: boolean): Agent[] {
    const agents = Array.from(this.#context.store.agents.list(), (row) =>
      toAgent(row, this.#context),
    )
    return all ? agents : agents.filter(({ status }) => status !== 'stopped' && status !== 'failed')
  }

  show(name: string): AgentDetail {
    const row = getAgentByName(this.#context, name)
    return { ...this.#show(row.id), spec: readSpec(row) }
  }

  /** Removes it for good. Errors: `agent_running`, unless forced. */
  async remove(name: string, force: boolean, wait: WaitLimit): Promise<void> {
    const { store, notifier } = this.#context
    const agent = getAgentByName(this.#context, name)
    if (agent.run_id && !force) {
      throw new DroverError('agent_running', `${agent.name} has a live run.`, {
        details: { agent: agent.name },
      })
    }
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
  }

  #show(agentId: string): Agent {
    const row = this.#context.store.agents.getListed(agentId)
    if (!row) {
      throw new DroverError('agent_not_found', 'The agent was removed meanwhile.')
    }
    return toAgent(row, this.#context)
  }

  /** The agent that the same request made before. */
  #find({ requestId }: RunRequest): AgentRow | undefined {
    return requestId === undefined ? undefined : this.#context.store.agents.getByRequest(requestId)
  }

  /** What would keep the program from starting, a missing one for instance, is told at once. */
  async #tryLaunch(id: string, spec: AgentSpec): Promise<void> {
    await getProvider(this.#context, spec.provider).launch({
      ...providerContext(this.#context, spec.provider, spec.env),
      agent: { id, name: '' },
      spec,
      resume: null,
      newSession: randomUUID(),
      stateFolder: agentFolders(this.#context, id).state,
    })
  }

  #insert({ id, name, spec, template, request }: NewAgentRequest): void {
    const { store, now } = this.#context
    const { records } = this.#reconciler
    const { prompt, requestId = null, ephemeral } = request
    records.change(id, 'durable', () => {
      this.#checkFree(name)
      store.agents.insert({
        id,
        name,
        spec: JSON.stringify(spec),
        template,
        wish: prompt === undefined ? 'wake' : null,
        requestId,
        isEphemeral: ephemeral,
        firstSeq: store.events.lastSeq,
        now: now(),
      })
      records.event(id, 'agent.created', {
        provider: spec.provider,
        runtime: spec.runtime,
        template,
      })
      if (prompt !== undefined) {
        this.#mailbox.store(id, { id: createId('msg'), body: prompt, from: 'user' })
      }
      records.advance(id)
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
