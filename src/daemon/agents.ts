import type { Message } from '../schema/message.ts'
import type { Agent, AgentDetail, AgentSpec } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import type { Removed } from '../schema/reports.ts'
import { personName, type ListQuery, type RunRequest } from '../schema/requests.ts'
import type { AgentRow } from '../store/index.ts'
import { createId } from '../util/id.ts'
import type { WaitLimit } from '../util/notifier.ts'
import { checkRunRequest } from './check-run-request.ts'
import { getAgentByName, type DaemonContext } from './context.ts'
import { faultPoint } from './fault-point.ts'
import { findTask } from './keep-task.ts'
import { toGuest } from './guests.ts'
import { launchFolder } from './launch-folder.ts'
import type { Mailbox } from './mailbox.ts'
import type { Reconciler } from './reconciler.ts'
import type { Templates } from './templates.ts'
import { removedWorktree } from './worktrees.ts'
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
  /** What is to be told of its making, though it is no error. */
  notes?: string[]
}

interface NewAgentRequest {
  id: string
  name: string
  spec: AgentSpec
  session: string | null
  template: string
  request: RunRequest
  origin: AgentOrigin
}

/** For whom an agent is made. */
export interface AgentOrigin {
  /** Sender of its first message. */
  from: string
  /** Part of the transaction that makes it; of one of its own for an agent that the request made before. */
  record?: (agent: Pick<Agent, 'name'>) => void
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
  async create(
    request: RunRequest,
    origin: AgentOrigin = { from: personName },
  ): Promise<MadeAgent> {
    const task = request.requestId && findTask(this.#context, { requestId: request.requestId })
    if (task) {
      this.#record(origin, task.agent)
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
    if (request.name !== undefined && !this.#find(request)) {
      this.#checkFree(request.name)
    }
    const { id, template, spec, session, notes } = await checkRunRequest(
      this.#context,
      this.#templates,
      request,
    )
    // From here on nothing waits, so nothing can come in between.
    const before = this.#find(request)
    if (before) {
      this.#record(origin, before)
    } else {
      const name = request.name ?? this.#nextName(template)
      this.#insert({ id, spec, session, request, name, template, origin })
      faultPoint('request-committed')
      this.#reconciler.kick(id)
    }
    const made = before?.id ?? id
    return { agent: this.#show(made), message: this.#mailbox.first(made), notes }
  }

  /** Without `all`, those that live or sleep. */
  list(all: boolean, { tag, capability, label }: Omit<ListQuery, 'all' | 'stats'> = {}): Agent[] {
    const isWanted = (agent: Agent): boolean =>
      (all || (agent.status !== 'stopped' && agent.status !== 'failed')) &&
      (tag === undefined || agent.tags.includes(tag)) &&
      (capability === undefined || agent.capabilities.includes(capability)) &&
      (label === undefined || agent.label === label)
    const rows = this.#context.store.agents.list()
    return Array.from(rows, (row) => toAgent(row, this.#context)).filter(isWanted)
  }

  show(name: string): AgentDetail {
    const row = getAgentByName(this.#context, name)
    const guests = this.#context.store.guests.listOfAgent(row.id).map(toGuest)
    return { ...this.#show(row.id), spec: readSpec(row), guests }
  }

  /** How an agent is that was shown before; an ephemeral one that is gone stays as it was shown. */
  latest(shown: Agent): Agent {
    const { store } = this.#context
    const row = store.agents.getListed(shown.id)
    return row ? toAgent(row, this.#context) : shown
  }

  /** Removes it for good, with its schedules and a worktree of which nothing would be lost. Errors: `agent_running`, unless forced. */
  async remove(name: string, force: boolean, wait: WaitLimit): Promise<Omit<Removed, 'ok'>> {
    const { store, notifier } = this.#context
    const agent = getAgentByName(this.#context, name)
    if (agent.run_id && !force) {
      throw new DroverError('agent_running', `${agent.name} has a live run.`, {
        details: { agent: agent.name },
      })
    }
    const schedules = store.schedules.namesOfAgent(agent.id)
    const worktree = store.worktrees.get(agent.id)
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
    return { schedules, worktree: worktree ? removedWorktree(this.#context, worktree) : null }
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

  /** An agent that is there already. */
  #record({ record }: AgentOrigin, agent: Pick<Agent, 'name'>): void {
    if (record) {
      this.#context.store.transaction('durable', () => record(agent))
    }
  }

  #insert({ id, name, spec, session, template, request, origin }: NewAgentRequest): void {
    const { store, now } = this.#context
    const { records } = this.#reconciler
    const { prompt, requestId = null, ephemeral } = request
    records.change(id, 'durable', () => {
      this.#checkFree(name)
      store.agents.insert({
        id,
        name,
        spec: JSON.stringify(spec),
        session,
        template,
        wish: prompt === undefined ? 'wake' : null,
        requestId,
        isEphemeral: ephemeral,
        firstSeq: store.events.lastSeq,
        now: now(),
      })
      if (spec.worktree) {
        const { source: _, ...worktree } = spec.worktree
        store.worktrees.insert({ ...worktree, agent_id: id, agent: name, created_at: now() })
      }
      const { provider, runtime, worktree } = spec
      const place = worktree ? { worktree } : {}
      records.event(id, 'agent.created', { provider, runtime, template, ...place })
      if (prompt !== undefined) {
        this.#mailbox.store(id, { id: createId('msg'), body: prompt, from: origin.from })
      }
      records.advance(id)
      origin.record?.({ name })
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
