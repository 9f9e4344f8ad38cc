import { abortable } from '../util/abortable.ts'
import type { EventLog, StoredEvent } from '../store/index.ts'

/** Events that were committed together. */
interface Batch {
  first: number
  last: number
  events: readonly StoredEvent[]
  /** The agent that all of them are about; undefined when they are about several. */
  agent: string | null | undefined
  bytes: number
  /** Their SSE text, made once for all followers, when the first of them asks. */
  frames: Buffer | null
}

/** What a follower gets next. */
export interface Portion {
  frames: Buffer
  last: number
}

/** Recent batches kept in memory, bytes of SSE text. Older ones are read from the store. */
const ringBytes = 4 * 1024 * 1024

/** Pages of the store kept for followers that are behind. */
const keptPages = 4

/** How long a follower that was far behind is thought of, ms. */
const strainMs = 20

/** What an event's SSE text takes besides its data, about. */
const frameBytes = 160

/**
 * Hands committed events to those who follow. A follower is a number, the last event it has: it is
 * never sent anything, it asks for what comes next, as fast as it can take it. So a slow one costs
 * no memory and misses nothing.
 */
export class EventHub {
  readonly #log: EventLog
  readonly #ring: Batch[] = []
  readonly #pages = new Map<string, Portion>()
  #ringSize = 0
  #strainedAt = -strainMs
  #next = Promise.withResolvers<void>()

  constructor(log: EventLog) {
    this.#log = log
    log.setListener((events) => this.#add(events))
  }

  /** Number of the newest event. */
  get lastSeq(): number {
    return this.#log.lastSeq
  }

  /** What follows after `since`, of one agent or of all; null when nothing has come yet. */
  read(since: number, agent?: string): Portion | null {
    if (since >= this.#log.lastSeq) {
      return null
    }
    const oldest = this.#ring[0]
    const middle = this.#ring[this.#ring.length >> 1]
    if (middle && this.#ring.length > 1 && since + 1 < middle.first) {
      this.#strainedAt = performance.now()
    }
    if (!oldest || since + 1 < oldest.first) {
      return this.#readStore(since, agent)
    }
    const batch = this.#ring[this.#find(since + 1)]
    if (!batch) {
      return null
    }
    if (since + 1 === batch.first && (agent === undefined || agent === batch.agent)) {
      batch.frames ??= encodeFrames(batch.events)
      return { frames: batch.frames, last: batch.last }
    }
    const wanted = batch.events.filter(
      (event) => event.seq > since && (agent === undefined || event.agent === agent),
    )
    return { frames: encodeFrames(wanted), last: batch.last }
  }

  /**
   * Whether somebody who follows was seen far behind a moment ago. Who makes events from what is on
   * disk already does well to give way then: what is in memory costs ten followers least.
   */
  get isStrained(): boolean {
    return performance.now() - this.#strainedAt < strainMs
  }

  /** Resolves when there is more after `since`; rejects when the signal aborts. */
  async wait(since: number, signal: AbortSignal): Promise<void> {
    while (since >= this.#log.lastSeq) {
      await abortable(this.#next.promise, signal)
    }
  }

  /** Followers that fell behind together read the same pages, so the last few are kept. */
  #readStore(since: number, agent: string | undefined): Portion {
    const key = `${since} ${agent ?? ''}`
    const kept = this.#pages.get(key)
    if (kept) {
      return kept
    }
    const head = this.#log.lastSeq
    const { events, hasMore } = this.#log.after(since, agent)
    const last = events.at(-1)?.seq ?? since
    const first = events[0]?.seq ?? since + 1
    const isCutOff = agent === undefined && first > since + 1
    const note = isCutOff
      ? `: events ${since + 1} to ${first - 1} were given up by retention\n\n`
      : ''
    const portion = { frames: encodeFrames(events, note), last: hasMore ? last : head }
    if (hasMore) {
      this.#pages.set(key, portion)
      for (const oldest of [...this.#pages.keys()].slice(0, -keptPages)) {
        this.#pages.delete(oldest)
      }
    }
    return portion
  }

  #add(events: readonly StoredEvent[]): void {
    const agent = events[0]?.agent
    const isOfOne = events.every((event) => event.agent === agent)
    const bytes = events.reduce((sum, { json }) => sum + json.length + frameBytes, 0)
    this.#ring.push({
      first: events[0]?.seq ?? 0,
      last: events.at(-1)?.seq ?? 0,
      events,
      agent: isOfOne ? agent : undefined,
      bytes,
      frames: null,
    })
    this.#ringSize += bytes
    while (this.#ringSize > ringBytes && this.#ring.length > 1) {
      this.#ringSize -= this.#ring.shift()?.bytes ?? 0
    }
    const { resolve } = this.#next
    this.#next = Promise.withResolvers<void>()
    resolve()
  }

  /** Index of the first batch that ends at `seq` or later. */
  #find(seq: number): number {
    let low = 0
    let high = this.#ring.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ring[middle]?.last ?? 0) < seq) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }
}

/** Source: WHATWG HTML, server-sent events. JSON has no raw newline, so one `data` line holds it. */
function encodeFrames(events: readonly StoredEvent[], before = ''): Buffer {
  let text = before
  for (const event of events) {
    text += `id: ${event.seq}\ndata: ${encodeEvent(event)}\n\n`
  }
  return Buffer.from(text)
}

function encodeEvent({ seq, at, type, agent, run, json }: StoredEvent): string {
  const agentText = agent === null ? 'null' : JSON.stringify(agent)
  const runText = run === null ? 'null' : JSON.stringify(run)
  return `{"seq":${seq},"at":${at},"type":"${type}","agent":${agentText},"run":${runText},"data":${json}}`
}
