import type { Client, ResumingStream } from '../../client/index.ts'
import type { Agent } from '../../schema/agent.ts'
import type { Approval } from '../../schema/approval.ts'
import type { Event } from '../../schema/event.ts'
import { DroverError } from '../../schema/error.ts'
import type { Message } from '../../schema/message.ts'
import { finalStates } from './conversation.ts'

/** How a conversation stands when somebody comes, and all that happens from there on. */
export interface Session {
  agent: Agent
  /** Messages that came to their end, oldest first. */
  past: Message[]
  /** What the agent is at; its turn is told from its beginning where that is not too long ago. */
  present: Message | null
  /** Messages that its program does not have yet, in order. */
  waiting: Message[]
  /** What it asks a person, oldest first. */
  questions: Approval[]
  events: ResumingStream<Event>
}

export interface SessionOptions {
  signal: AbortSignal
  onReconnect: (error: unknown) => void
}

/** Newest messages that are looked at. */
const messageCount = 100
/** How far back the beginning of a turn is looked for, events. */
const turnEvents = 2000

/** Attaches. Errors: as `client.attach`. */
export async function openSession(
  client: Client,
  name: string,
  { signal, onReconnect }: SessionOptions,
): Promise<Session> {
  const { lastSeq } = await client.status({ signal })
  const messages = await client.messages(name, { limit: messageCount, signal })
  const open = messages.filter(({ state }) => !finalStates.has(state))
  const isWaiting = ({ state }: Message): boolean => state === 'stored' || state === 'waking'
  const present = open.find((message) => !isWaiting(message)) ?? null
  const since = present
    ? await findTurn(client, name, { message: present, lastSeq, signal })
    : lastSeq
  const events = client.attach(name, { since, signal, onReconnect })
  await events.open()
  return {
    agent: await client.show(name, { signal }),
    past: messages.filter(({ state }) => finalStates.has(state)),
    present,
    waiting: open.filter(isWaiting),
    questions: await listQuestions(client, name, signal),
    events,
  }
}

/** None where the daemon is of before there were any. */
async function listQuestions(
  client: Client,
  name: string,
  signal: AbortSignal,
): Promise<Approval[]> {
  try {
    return await client.approvals.list({ agent: name, state: 'open', signal })
  } catch (error) {
    if (error instanceof DroverError && error.code === 'route_not_found') {
      return []
    }
    throw error
  }
}

/** The number before the turn of a message; the last one where its beginning is not found. */
async function findTurn(
  client: Client,
  name: string,
  { message, lastSeq, signal }: { message: Message; lastSeq: number; signal: AbortSignal },
): Promise<number> {
  const events = client.events({
    since: Math.max(0, lastSeq - turnEvents),
    agent: name,
    isFollowing: false,
    signal,
  })
  for await (const { type, seq, data } of events) {
    if (type === 'turn.started' && data['message'] === message.id) {
      return seq - 1
    }
  }
  return lastSeq
}
