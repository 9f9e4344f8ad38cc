import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { Backoff } from '../../../util/backoff.ts'
import { readJsonLines } from './json-lines.ts'
import type { Transport } from './transport.ts'

/**
 * Something happened. It is a reason to look, not what is there: what is told may have been
 * overtaken already, and may have been in a snapshot that was taken a moment before.
 */
export interface EngineEvent {
  /** `container`, `image`, `network`, `volume`, `daemon`. */
  type: string
  /** `start`, `die`, `oom`, `pause`, `unpause`, `destroy`, `exec_die: …`. */
  action: string
  /** Id of what it happened to, or its name where it has no id. */
  id: string
  /** Labels, name, `exitCode`, `execID`, and what else there is. */
  attributes: Readonly<Record<string, string>>
  /** By the engine's clock, ms since 1970, with fractions. */
  timeMs: number
}

/** As the engine's API has them: `{type: ['container'], label: ['drover.instance=…']}`. */
export type EventFilters = Readonly<Record<string, readonly string[]>>

export interface FollowOptions {
  filters: EventFilters
  onEvent: (event: EngineEvent) => void
  /** From here on every event is told: what is asked for now misses nothing. */
  onUp: () => void
  /** What happens from here on is not told, until the next `onUp`. */
  onDown: (error: unknown) => void
  signal: AbortSignal
}

const Clock = z.object({ SystemTime: z.string().default('') })

const EventLine = z.object({
  Type: z.string(),
  Action: z.string(),
  Actor: z.object({
    ID: z.string().default(''),
    Attributes: z.record(z.string(), z.string()).nullish(),
  }),
  time: z.number().default(0),
  timeNano: z.number().optional(),
})

/** Tells what happens, over one connection that is made again whenever it is lost. Ends by the signal. */
export async function followEvents(transport: Transport, options: FollowOptions): Promise<void> {
  const { onUp, onDown, signal } = options
  const backoff = new Backoff({ firstMs: 50, longestMs: 5000 })
  let isUp = false
  let isFirst = true
  while (!signal.aborted) {
    try {
      const stream = await openEvents(transport, options)
      isUp = true
      backoff.reset()
      onUp()
      await tellEvents(stream, options)
      throw new Error('The engine ended its stream of events.')
    } catch (error) {
      if (signal.aborted) {
        return
      }
      if (isUp || isFirst) {
        onDown(error)
      }
      isUp = false
      isFirst = false
    }
    await backoff.wait(signal).catch(() => {})
  }
}

/**
 * The engine sends the head of its answer before it listens itself, so it is asked for what happened
 * since a moment before that, by its own clock.
 */
async function openEvents(
  transport: Transport,
  { filters, signal }: FollowOptions,
): Promise<IncomingMessage> {
  const { SystemTime: now } = await transport.ask({ method: 'GET', path: '/info', signal }, Clock)
  const query = { filters, since: toSeconds(now) }
  return await transport.open({ method: 'GET', path: '/events', query, signal })
}

/** A moment as engines take it: seconds since 1970, with all digits of their fraction. */
export function toSeconds(moment: string): string | undefined {
  const seconds = Math.floor(Date.parse(moment) / 1000)
  return Number.isNaN(seconds) ? undefined : `${seconds}${/\.\d+/.exec(moment)?.[0] ?? ''}`
}

async function tellEvents(stream: IncomingMessage, { onEvent }: FollowOptions): Promise<void> {
  for await (const line of readJsonLines(stream)) {
    // What a newer engine tells in another form is nothing that was waited for.
    const { data: event } = EventLine.safeParse(line)
    if (event) {
      onEvent({
        type: event.Type,
        action: event.Action,
        id: event.Actor.ID,
        attributes: event.Actor.Attributes ?? {},
        timeMs: event.timeNano === undefined ? event.time * 1000 : event.timeNano / 1e6,
      })
    }
  }
}
