import { agentPath } from './call-options.ts'
import type { Event } from '../schema/event.ts'
import { EventCursor } from './event-cursor.ts'
import { ResumingStream, type Body, type ResumeOptions } from './resuming-stream.ts'
import type { Call, Transport } from './transport.ts'

export interface EventsOptions extends Partial<ResumeOptions> {
  /** Only events after this number; left out, the daemon decides where to begin. */
  since?: number | undefined
  /** Only events of this agent. */
  agent?: string | undefined
}

export type AttachOptions = Omit<EventsOptions, 'agent' | 'isFollowing'>

/** The daemon sends comments while nothing happens; a connection silent for longer is taken for lost. */
const silenceMs = 120_000
const connectMs = 30_000

/** The event stream of a daemon, by number: gapless and without repeats over any lost connection. */
export function openEventStream(
  transport: Transport,
  options: EventsOptions,
): ResumingStream<Event> {
  const isFollowing = options.isFollowing ?? true
  const cursor = new EventCursor(options.since)
  return new ResumingStream<Event>(
    {
      connect: () =>
        openSse(transport, {
          path: '/v1/events',
          query: { since: cursor.seq, agent: options.agent, follow: isFollowing },
          lastId: cursor.seq,
          signal: options.signal,
        }),
      createReader: () => cursor.createReader(),
      explain: (error) => transport.explain(error),
    },
    { ...options, isFollowing },
  )
}

/**
 * The events of one agent, from a client that is with it: the agent was woken when this is open, and
 * stays awake until it is closed. A connection made again says that the client is back. Ends when
 * the agent is removed.
 */
export function openAttachStream(
  transport: Transport,
  name: string,
  options: AttachOptions,
): ResumingStream<Event> {
  const cursor = new EventCursor(options.since)
  let isBack = false
  let isOver = false
  return new ResumingStream<Event>(
    {
      async connect() {
        const body = await openSse(transport, {
          path: `${agentPath(name)}/attach`,
          query: { since: options.since },
          lastId: isBack ? cursor.seq : undefined,
          signal: options.signal,
        })
        isBack = true
        return body
      },
      createReader() {
        const reader = cursor.createReader()
        return {
          push(text) {
            const events = reader.push(text)
            const end = events.findIndex(({ type }) => type === 'agent.removed')
            isOver ||= end !== -1
            return end === -1 ? events : events.slice(0, end + 1)
          },
          end: () => reader.end(),
        }
      },
      isOver: () => isOver,
      explain: (error) => transport.explain(error),
    },
    { ...options, isFollowing: true },
  )
}

async function openSse(
  transport: Transport,
  {
    lastId,
    ...call
  }: Pick<Call, 'path' | 'query' | 'signal'> & {
    /** The last event that the client has, where it had any. */
    lastId: number | undefined
  },
): Promise<Body> {
  const response = await transport.open({
    ...call,
    method: 'GET',
    headers: {
      accept: 'text/event-stream',
      ...(lastId === undefined ? {} : { 'last-event-id': String(lastId) }),
    },
    deadlineMs: connectMs,
  })
  response.setTimeout(silenceMs, () => response.destroy())
  return response
}
