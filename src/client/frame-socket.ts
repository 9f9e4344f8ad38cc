import { WebSocket, type RawData } from 'ws'
import { DroverError } from '../schema/error.ts'
import { answerMs } from './call-options.ts'
import type { Call, Transport } from './transport.ts'

/** After this much a daemon that says nothing is taken for lost, ms. It pings more often. */
const silenceMs = 60_000

/** How long the daemon may take to say farewell, ms. */
const closeMs = 1000

const normalEnd = 1000

export interface FrameTarget {
  path: string
  query?: Call['query']
  /** Ends the connection, before it stands and later. */
  signal?: AbortSignal | undefined
}

/** A WebSocket's frames as events, kept until they are asked for: the daemon sends no more than was dealt with. */
export abstract class FrameSocket<Event> {
  readonly #socket: WebSocket
  readonly #onEnd: () => void
  readonly #events: Event[] = []
  #arrival = Promise.withResolvers<void>()
  readonly #silence: NodeJS.Timeout
  #isClosed = false
  #error: unknown = null

  constructor(transport: Transport, { path, query, signal }: FrameTarget) {
    signal?.throwIfAborted()
    const { url, headers, connect } = transport.socketTo(path, query)
    const socket = new WebSocket(url, {
      headers,
      createConnection: connect,
      handshakeTimeout: answerMs,
      perMessageDeflate: false,
      // A screen is one frame, whatever scrolled away with it.
      maxPayload: 0,
    })
    this.#socket = socket
    this.#silence = setTimeout(() => this.fail(lost('says nothing any more')), silenceMs)
    const abort = (): void => this.fail(signal?.reason)
    signal?.addEventListener('abort', abort, { once: true })
    this.#onEnd = () => signal?.removeEventListener('abort', abort)
    socket.on('open', () => this.opened())
    socket.on('message', (data, isBinary) => this.#take(data, isBinary))
    socket.on('ping', () => this.#silence.refresh())
    socket.on('unexpected-response', (_request, response) => {
      void transport.refusal(response).then(
        (error) => this.fail(error),
        (error: unknown) => this.fail(error),
      )
    })
    socket.on('error', (error) => this.fail(transport.explain(error)))
    socket.on('close', (code) => {
      this.#error ??= code === normalEnd ? null : lost('is gone')
      this.#end()
    })
  }

  /** The next event; null at the end. Throws why it was lost or ended. */
  async next(): Promise<Event | null> {
    while (true) {
      const event = this.#events.shift()
      if (event) {
        return event
      }
      if (this.#isClosed) {
        if (this.#error === null) {
          return null
        }
        throw this.#error as Error
      }
      await this.#arrival.promise
      this.#arrival = Promise.withResolvers()
    }
  }

  close(): void {
    this.#socket.close(normalEnd)
    this.#end()
    setTimeout(() => this.#socket.terminate(), closeMs).unref()
  }

  protected opened(): void {
    // Those who have to say something first do so.
  }

  protected abstract takeBytes(bytes: Buffer): void

  protected abstract takeNotice(notice: unknown): void

  /** Told once, with what went wrong; null: nothing. */
  protected abstract over(cause: unknown): void

  /** What can't be sent any more is lost, as the connection is. */
  protected send(frame: Uint8Array | string): void {
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(frame)
    }
  }

  protected push(event: Event): void {
    this.#events.push(event)
    this.#arrival.resolve()
  }

  /** It ends with this; what came before can still be asked for. */
  protected fail(error: unknown): void {
    this.#error ??= error
    this.#socket.terminate()
    this.#end()
  }

  #take(data: RawData, isBinary: boolean): void {
    this.#silence.refresh()
    if (isBinary) {
      this.takeBytes(data as Buffer)
    } else {
      this.takeNotice(JSON.parse((data as Buffer).toString()))
    }
  }

  #end(): void {
    if (!this.#isClosed) {
      this.#isClosed = true
      clearTimeout(this.#silence)
      this.#onEnd()
      this.over(this.#error)
      this.#arrival.resolve()
    }
  }
}

export function lost(what: string): DroverError {
  return new DroverError('daemon_unreachable', `The daemon ${what}.`)
}
