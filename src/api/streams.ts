import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { awaitTokenEnd, type Daemon } from '../daemon/index.ts'
import type { ApiContext } from './route.ts'

/** A comment line now and then shows both ends that the connection lives, ms. */
const keepAliveMs = 15_000

/** Aborts when the client goes, the daemon ends, or the token it asked with opens nothing any more. */
export function requestSignal(c: ApiContext, { context }: Daemon): AbortSignal {
  const gone = new AbortController()
  const leave = (): void => gone.abort(new Error('the client is gone'))
  if (c.env.outgoing.destroyed) {
    leave()
  }
  c.env.outgoing.once('close', leave)
  const signal = AbortSignal.any([gone.signal, context.signal])
  const { caller } = c.var
  if (caller.kind === 'agent') {
    const ended = (): void => gone.abort(new Error('the agent is gone'))
    awaitTokenEnd(context, caller.id, signal).then(ended, () => undefined)
  }
  return signal
}

export interface FollowOptions {
  since: number
  agent: string | undefined
  follow: boolean
  /** Asked when all there is was sent: whether nothing will come any more. */
  isOver?: () => boolean
}

/** The number that a client goes on from, as its `Last-Event-ID` says; null where it says none. */
export function lastEventId(c: ApiContext): number | null {
  const id = Number(c.req.header('last-event-id') ?? Number.NaN)
  return Number.isSafeInteger(id) && id >= 0 ? id : null
}

/** Sends events as they come, no faster than the client takes them. */
export async function streamEvents(
  c: ApiContext,
  daemon: Daemon,
  options: FollowOptions,
): Promise<Response> {
  const { hub } = daemon.context
  const { outgoing } = c.env
  const signal = requestSignal(c, daemon)
  outgoing.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  outgoing.flushHeaders()
  const keepAlive = setInterval(() => outgoing.write(': still here\n\n'), keepAliveMs)
  try {
    let { since } = options
    while (!signal.aborted) {
      const portion = hub.read(since, options.agent)
      if (portion) {
        since = portion.last
        await write(outgoing, portion.frames, signal)
      } else if (options.follow && !options.isOver?.()) {
        await hub.wait(since, signal)
      } else {
        break
      }
    }
  } catch (error) {
    if (!signal.aborted) {
      throw error
    }
  } finally {
    clearInterval(keepAlive)
    outgoing.end()
  }
  return RESPONSE_ALREADY_SENT
}

/** Sends pieces as they come, no faster than the client takes them. */
export async function streamPieces(
  c: ApiContext,
  contentType: string,
  pieces: AsyncGenerator<Buffer>,
  signal: AbortSignal,
): Promise<Response> {
  const { outgoing } = c.env
  outgoing.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' })
  outgoing.flushHeaders()
  try {
    for await (const piece of pieces) {
      await write(outgoing, piece, signal)
    }
  } catch (error) {
    if (!signal.aborted) {
      throw error
    }
  } finally {
    outgoing.end()
  }
  return RESPONSE_ALREADY_SENT
}

async function write(outgoing: ServerResponse, bytes: Buffer, signal: AbortSignal): Promise<void> {
  if (bytes.length > 0 && !outgoing.write(bytes)) {
    await once(outgoing, 'drain', { signal })
  }
}
