import type { Event } from '../schema/event.ts'
import { SseParser } from './sse-parser.ts'

/** Where a client is in a stream of events: its number goes on with each event it was given. */
export class EventCursor {
  /** Number of the last event; undefined before the first. */
  seq: number | undefined

  constructor(seq: number | undefined) {
    this.seq = seq
  }

  /** A reader for one connection; events that were given before are left out. */
  createReader(): { push(text: string): Event[]; end(): Event[] } {
    const parser = new SseParser()
    return {
      push: (text) => {
        const events: Event[] = []
        for (const frame of parser.push(text)) {
          if (frame.data === null) {
            this.seq = Math.max(this.seq ?? 0, numberOf(frame.id) ?? 0)
            continue
          }
          const event = JSON.parse(frame.data) as Event
          if (this.seq === undefined || event.seq > this.seq) {
            this.seq = event.seq
            events.push(event)
          }
        }
        return events
      },
      end: () => [],
    }
  }
}

function numberOf(id: string | null): number | undefined {
  return id !== null && /^\d+$/.test(id) ? Number(id) : undefined
}
