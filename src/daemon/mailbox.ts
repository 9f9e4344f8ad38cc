import { isFinalReceiptState, type Message } from '../schema/message.ts'
import { DroverError } from '../schema/error.ts'
import { limits } from '../schema/limits.ts'
import type { SendRequest } from '../schema/requests.ts'
import type { AgentRow } from '../store/index.ts'
import { createId } from '../util/id.ts'
import type { WaitLimit } from '../util/notifier.ts'
import { getAgentByName, type DaemonContext } from './context.ts'
import { faultPoint } from './fault-point.ts'
import type { Reconciler } from './reconciler.ts'
import { findTask } from './keep-task.ts'
import { refusalOf, type Refusal } from './refusal.ts'
import { toMessage } from './views.ts'

/** A request to send, with whom it is from. */
export type SignedRequest = SendRequest & { from: string }

/** A message on its way in. */
type Letter = SignedRequest & { id: string }

/** What became of a message: it is on its way, it was there before, or it was not taken. */
export type PutResult =
  | { state: 'stored' }
  | { state: 'known' }
  | { state: 'refused'; error: DroverError; isStored: boolean }

/** What clients can ask of messages. A message is on disk before its sender is answered. */
export class Mailbox {
  readonly #context: DaemonContext
  readonly #reconciler: Reconciler

  constructor(context: DaemonContext, reconciler: Reconciler) {
    this.#context = context
    this.#reconciler = reconciler
  }

  /**
   * Takes a message. It is on disk when this returns. The same id again answers with the first
   * message. Errors: `agent_stopped`, `agent_quarantined`, `over_budget`,
   * `queue_full`, `conflict` (an id used for another message).
   */
  send(name: string, request: SignedRequest): Message {
    const agent = getAgentByName(this.#context, name)
    const letter = { ...request, id: request.id ?? createId('msg') }
    const put = this.put(agent, letter)
    if (put.state === 'refused') {
      throw put.error
    }
    if (put.state === 'stored') {
      faultPoint('request-committed')
      this.#reconciler.kick(agent.id)
    }
    return this.show(letter.id)
  }

  /**
   * Stores a message, or says why not; one for an agent that takes none is stored as refused. In a
   * transaction under way it is part of that. The caller then kicks the agent, once all is committed.
   */
  put(agent: AgentRow, letter: Letter): PutResult {
    const { store } = this.#context
    const before = store.messages.get(letter.id)
    if (before) {
      const isSame =
        before.agent_id === agent.id && before.body === letter.body && before.sender === letter.from
      return isSame
        ? { state: 'known' }
        : { state: 'refused', error: conflict(letter.id), isStored: false }
    }
    const refusal = refusalOf(this.#context, agent)
    if (refusal) {
      this.#reconciler.records.change(agent.id, 'durable', () =>
        this.#insert(agent.id, letter, 'refused', refusal.cause),
      )
      return { state: 'refused', error: refused(agent, refusal, letter.id), isStored: true }
    }
    if (store.messages.countQueued(agent.id) >= limits.queuedMessages) {
      return { state: 'refused', error: queueFull(agent), isStored: false }
    }
    this.#reconciler.records.change(agent.id, 'durable', () => {
      this.store(agent.id, letter)
      store.agents.touch(agent.id, this.#context.now())
      this.#reconciler.records.advance(agent.id)
    })
    return { state: 'stored' }
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

function conflict(id: string): DroverError {
  return new DroverError('conflict', `id: ${id} was used for another message.`, {
    details: { field: 'id' },
  })
}

function refused({ name }: AgentRow, { code, cause }: Refusal, messageId: string): DroverError {
  return new DroverError(code, `${name} takes no messages: ${cause}.`, {
    details: { agent: name, message: messageId },
  })
}

function queueFull({ name }: AgentRow): DroverError {
  return new DroverError('queue_full', `${name} has ${limits.queuedMessages} messages waiting.`, {
    details: { agent: name },
  })
}
