import { isFinalReceiptState, type Message } from '../schema/message.ts'
import { DroverError } from '../schema/error.ts'
import { limits } from '../schema/limits.ts'
import type { SendRequest } from '../schema/requests.ts'
import type { AgentRow, MessageRow } from '../store/index.ts'
import { createId } from '../util/id.ts'
import type { WaitLimit } from '../util/notifier.ts'
import { getAgentByName, type DaemonContext } from './context.ts'
import { faultPoint } from './fault-point.ts'
import { GroupCommit } from './group-commit.ts'
import type { Reconciler } from './reconciler.ts'
import { interruptTurn, possibleMode } from './interrupt-turn.ts'
import { findTask } from './keep-task.ts'
import { refusalOf, type Refusal } from './refusal.ts'
import { toMessage } from './views.ts'

/** A request to send, with whom it is from. */
export type SignedRequest = Omit<SendRequest, 'mode'> & {
  from: string
  mode?: SendRequest['mode']
}

/** A message on its way in. */
type Letter = SignedRequest & { id: string }

/** What became of a message: it is on its way, it was there before, or it was not taken. */
export type PutResult =
  | { state: 'stored' }
  | { state: 'known' }
  | { state: 'refused'; error: DroverError; isStored: boolean }

/** A message that came in, and what became of it. */
interface Taken {
  agent: AgentRow
  id: string
  put: PutResult
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
  send(name: string, request: SignedRequest): Message {
    const taken = this.#context.store.transaction('durable', () => this.#take(name, request))
    this.#begin(taken)
    return this.#answer(taken)
  }

  /** As `send`; messages that come in together wait for the disk together. */
  async accept(name: string, request: SignedRequest): Promise<Message> {
    const taken = await this.#commits.run(
      () => this.#take(name, request),
      (each) => this.#begin(each),
    )
    return this.#answer(taken)
  }

  /**
   * Stores a message, or says why not; one for an agent that takes none is stored as refused. In a
   * transaction under way it is part of that. The caller then kicks the agent, once all is committed.
   */
  put(agent: AgentRow, letter: Letter): PutResult {
    const { store } = this.#context
    const before = store.messages.get(letter.id)
    if (before) {
      return isSame(before, agent, letter)
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
    if (!this.#hasRoom(agent.id)) {
      return { state: 'refused', error: queueFull(agent), isStored: false }
    }
    this.#reconciler.records.change(agent.id, 'durable', () => {
      this.store(agent.id, letter)
      if (letter.mode === 'interrupt' && interruptTurn(this.#reconciler.records, agent)) {
        store.messages.setEntry(letter.id, 'interrupted')
      }
      store.agents.touch(agent.id, this.#context.now())
      this.#reconciler.records.advance(agent.id)
    })
    return { state: 'stored' }
  }

  /** Whether this very message was taken before. Errors: `conflict` (an id used for another message). */
  isRepeated(agent: AgentRow, letter: Letter): boolean {
    const before = this.#context.store.messages.get(letter.id)
    if (before && !isSame(before, agent, letter)) {
      throw conflict(letter.id)
    }
    return before !== undefined
  }

  /** Errors: `queue_full`. */
  checkRoom(agent: AgentRow): void {
    if (!this.#hasRoom(agent.id)) {
      throw queueFull(agent)
    }
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

  /** The rows of a message that comes in; part of the transaction under way. */
  #take(name: string, request: SignedRequest): Taken {
    const agent = getAgentByName(this.#context, name)
    const id = request.id ?? createId('msg')
    return { agent, id, put: this.put(agent, { ...request, id }) }
  }

  /** Whether the agent's queue takes one more; it is counted again only when it may be full. */
  #hasRoom(agentId: string): boolean {
    const { messages } = this.#context.store
    const room = this.#room.get(agentId) || limits.queuedMessages - messages.countQueued(agentId)
    this.#room.set(agentId, Math.max(0, room - 1))
    return room > 0
  }

  /** It is committed: what is to be done begins. */
  #begin({ agent, put }: Taken): void {
    if (put.state === 'stored') {
      faultPoint('request-committed')
      this.#reconciler.kick(agent.id)
    }
  }

  #answer({ id, put }: Taken): Message {
    if (put.state === 'refused') {
      throw put.error
    }
    return this.show(id)
  }

  #insert(
    agentId: string,
    { id, body, from, mode: asked = 'queue' }: Letter,
    state: 'stored' | 'refused',
    cause: string | null,
  ): void {
    const { store, now } = this.#context
    const mode = possibleMode(this.#context, agentId, asked)
    const rank = mode === 'queue' ? 1 : 0
    store.messages.insert({ id, agentId, sender: from, body, state, cause, mode, rank, now: now() })
    this.#reconciler.records.event(agentId, 'message.state', { id, state, cause, from })
  }
}

function isSame(before: MessageRow, { id }: AgentRow, { body, from }: Letter): boolean {
  return before.agent_id === id && before.body === body && before.sender === from
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
