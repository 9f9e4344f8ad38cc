import { isFinalReceiptState, type Message } from '../schema/message.ts'
import { DroverError } from '../schema/error.ts'
import { limits } from '../schema/limits.ts'
import type { SendRequest } from '../schema/requests.ts'
import type { AgentRow } from '../store/index.ts'
import { createId } from '../util/id.ts'
import type { WaitLimit } from '../util/notifier.ts'
import { getAgentByName, type DaemonContext } from './context.ts'
import { faultPoint } from './fault-point.ts'
import { GroupCommit } from './group-commit.ts'
import type { Reconciler } from './reconciler.ts'
import { findTask } from './keep-task.ts'
import { refusalOf, type Refusal } from './refusal.ts'
import { toMessage } from './views.ts'

/** A message on its way in. */
type Letter = SendRequest & { id: string }

/** What became of a message that came in. */
interface Taken {
  agent: AgentRow
  id: string
  /** Not the same request once more. */
  isNew: boolean
  refusal: Refusal | null
}

/** What clients can ask of messages. A message is on disk before its sender is answered. */
export class Mailbox {
  readonly #context: DaemonContext
  readonly #reconciler: Reconciler
  readonly #commits: GroupCommit
  /** How many messages an agent can surely be sent before its queue is full. */
  readonly #room = new Map<string, number>()

  constructor(context: DaemonContext, reconciler: Reconciler) {
    this.#context = context
    this.#reconciler = reconciler
    this.#commits = new GroupCommit(context.store)
  }

  /**
   * Takes a message. It is on disk when this returns. The same id again answers with the first
   * message. Errors: `agent_not_found`, `agent_stopped`, `agent_quarantined`, `over_budget`,
   * `queue_full`, `conflict` (an id used for another message).
   */
  send(name: string, request: SendRequest): Message {
    const taken = this.#context.store.transaction('durable', () => this.#take(name, request))
    this.#begin(taken)
    return this.#answer(taken)
  }

  /** As `send`; messages that come in together wait for the disk together. */
  async accept(name: string, request: SendRequest): Promise<Message> {
    const taken = await this.#commits.run(
      () => this.#take(name, request),
      (each) => this.#begin(each),
    )
    return this.#answer(taken)
  }

  /** Errors: `message_not_found`. */
  show(id: string): Message {
    const { store } = this.#context
    const row = store.messages.get(id)
    if (!row) {
      const task = findTask(this.#context, { messageId: id })
      if (task) {
        return task.message
      }
      throw new DroverError(
        'message_not_found',
        `id: there is no message ${JSON.stringify(id.slice(0, 128))}.`,
        { details: { field: 'id' } },
      )
    }
    return toMessage(row, store.agents.get(row.agent_id))
  }

  list(name: string, limit: number): Message[] {
    const agent = getAgentByName(this.#context, name)
    return this.#context.store.messages
      .listOfAgent(agent.id, limit)
      .map((row) => toMessage(row, agent))
  }

  /** The message once its receipt is final, or as it is when the time is over. */
  async await(id: string, wait: WaitLimit): Promise<Message> {
    const look = (): Message | undefined => {
      const message = this.show(id)
      return isFinalReceiptState(message.state) ? message : undefined
    }
    return (await this.#context.notifier.until(`message:${id}`, look, wait)) ?? this.show(id)
  }

  /** The first message an agent was given; null for one that was made without. */
  first(agentId: string): Message | null {
    const row = this.#context.store.messages.firstOfAgent(agentId)
    return row ? this.show(row.id) : null
  }

  /** Stores a message for an agent that takes it; part of the transaction under way. */
  store(agentId: string, letter: Letter): void {
    this.#insert(agentId, letter, 'stored', null)
  }

  /** The rows of a message that comes in; part of the transaction under way. Throws before it writes. */
  #take(name: string, request: SendRequest): Taken {
    const { store, now } = this.#context
    const agent = getAgentByName(this.#context, name)
    const before = request.id ? store.messages.get(request.id) : undefined
    if (before) {
      if (before.agent_id !== agent.id || before.body !== request.body) {
        throw new DroverError('conflict', `id: ${request.id} was used for another message.`, {
          details: { field: 'id' },
        })
      }
      return { agent, id: before.id, isNew: false, refusal: null }
    }
    const id = request.id ?? createId('msg')
    const refusal = refusalOf(this.#context, agent)
    if (!refusal && !this.#hasRoom(agent.id)) {
      throw new DroverError(
        'queue_full',
        `${agent.name} has ${limits.queuedMessages} messages waiting.`,
        { details: { agent: agent.name } },
      )
    }
    this.#reconciler.records.change(agent.id, 'durable', () => {
      if (refusal) {
        return this.#insert(agent.id, { ...request, id }, 'refused', refusal.cause)
      }
      this.store(agent.id, { ...request, id })
      store.agents.touch(agent.id, now())
      this.#reconciler.records.advance(agent.id)
    })
    return { agent, id, isNew: true, refusal }
  }

  /** Whether the agent's queue takes one more; it is counted again only when it may be full. */
  #hasRoom(agentId: string): boolean {
    const { messages } = this.#context.store
    const room = this.#room.get(agentId) || limits.queuedMessages - messages.countQueued(agentId)
    this.#room.set(agentId, Math.max(0, room - 1))
    return room > 0
  }

  /** It is committed: what is to be done begins. */
  #begin({ agent, isNew, refusal }: Taken): void {
    if (isNew && !refusal) {
      faultPoint('request-committed')
      this.#reconciler.kick(agent.id)
    }
  }

  #answer({ agent, id, refusal }: Taken): Message {
    if (refusal) {
      throw new DroverError(refusal.code, `${agent.name} takes no messages: ${refusal.cause}.`, {
        details: { agent: agent.name, message: id },
      })
    }
    return this.show(id)
  }

  #insert(
    agentId: string,
    { id, body, from }: Letter,
    state: 'stored' | 'refused',
    cause: string | null,
  ): void {
    const { store, now } = this.#context
    store.messages.insert({ id, agentId, sender: from, body, state, cause, now: now() })
    this.#reconciler.records.event(agentId, 'message.state', { id, state, cause, from })
  }
}
