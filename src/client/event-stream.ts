import type { Event } from '../schema/event.ts'
import { ResumingStream, type ResumeOptions } from './resuming-stream.ts'
import { SseParser } from './sse-parser.ts'
import type { Transport } from './transport.ts'

export interface EventsOptions extends Partial<ResumeOptions> {
  /** Only events after this number; left out, the daemon decides where to begin. */
  since?: number | undefined
  /** Only events of this agent. */
  agent?: string | undefined
}

/** The daemon sends comments while nothing happens; a connection silent for longer is taken for lost. */
const silenceMs = 120_000
const connectMs = 30_000

/** The event stream of a daemon, by number: gapless and without repeats over any lost connection. */
export function openEventStream(
  transport: Transport,
  options: EventsOptions,
): ResumingStream<Event> {
  const isFollowing = options.isFollowing ?? true
  let cursor = options.since
  return new ResumingStream<Event>(
    {
      async connect() {
        const response = await transport.open({
          method: 'GET',
          path: '/v1/events',
          query: { since: cursor, agent: options.agent, follow: isFollowing },
          headers: {
            accept: 'text/event-stream',
            ...(cursor === undefined ? {} : { 'last-event-id': String(cursor) }),
          },
          deadlineMs: connectMs,
          signal: options.signal,
        })
        response.setTimeout(silenceMs, () => response.destroy())
        return response
      },
      createReader() {
        const parser = new SseParser()
        return {
          push(text) {
            const events: Event[] = []
            for (const frame of parser.push(text)) {
              if (frame.data === null) {
                cursor = Math.max(cursor ?? 0, numberOf(frame.id) ?? 0)
                continue
              }
              const event = JSON.parse(frame.data) as Event
              if (cursor === undefined || event.seq > cursor) {
                cursor = event.seq
                events.push(event)
              }
            }
            return events
          },
          end: () => [],
        }
      },
      explain: (error) => transport.explain(error),
    },
    { ...options, isFollowing },
  )
}

function numberOf(id: string | null): number | undefined {
  return id !== null && /^\d+$/.test(id) ? Number(id) : undefined
}
