import { WebSocket, type RawData } from 'ws'
import { DroverError, fromProblem } from '../schema/error.ts'
import type { TerminalNotice, TerminalRequest } from '../schema/terminal.ts'
import { answerMs } from './call-options.ts'
import {
  TerminalStream,
  type Attached,
  type TerminalConnection,
  type TerminalEvent,
  type TerminalOptions,
} from './terminal-stream.ts'
import type { Transport } from './transport.ts'

/** After this much a daemon that says nothing is taken for lost, ms. It pings more often. */
const silenceMs = 60_000

/** How long the daemon may take to say farewell, ms. */
const closeMs = 1000

const normalEnd = 1000

/** Comes to a terminal by a WebSocket. Resolves once the agent's daemon took them in. */
export async function openTerminal(
  transport: Transport,
  path: string,
  { size: { cols, rows }, isReadOnly: readOnly, isBack: back, signal }: TerminalOptions,
): Promise<TerminalStream> {
  signal?.throwIfAborted()
  const { url, headers, connect } = transport.socketTo(path, { cols, rows, readOnly, back })
  const socket = new WebSocket(url, {
    headers,
    createConnection: connect,
    handshakeTimeout: answerMs,
    perMessageDeflate: false,
    // The screen is one frame, whatever scrolled away with it.
    maxPayload: 0,
  })
  const connection = new SocketConnection(socket, transport, signal)
  return new TerminalStream(connection, await connection.attached)
}

/** A WebSocket's frames as events, kept until they are asked for: the daemon sends no more than was dealt with. */
class SocketConnection implements TerminalConnection {
  readonly attached: Promise<Attached>
  readonly #socket: WebSocket
  readonly #onEnd: () => void
  readonly #attached = Promise.withResolvers<Attached>()
  readonly #events: TerminalEvent[] = []
  #screen: Extract<TerminalNotice, { type: 'screen' }> | null = null
  #arrival = Promise.withResolvers<void>()
  readonly #silence: NodeJS.Timeout
  #isClosed = false
  #error: unknown = null

  constructor(socket: WebSocket, transport: Transport, signal: AbortSignal | undefined) {
    this.#socket = socket
    this.attached = this.#attached.promise
    // Whoever awaits it hears of a failure; one that comes after it was taken is told by the events.
    this.attached.catch(() => undefined)
    this.#silence = setTimeout(() => this.#fail(lost('says nothing any more')), silenceMs)
    const abort = (): void => this.#fail(signal?.reason)
    signal?.addEventListener('abort', abort, { once: true })
    this.#onEnd = () => signal?.removeEventListener('abort', abort)
    socket.on('message', (data, isBinary) => this.#take(data, isBinary))
    socket.on('ping', () => this.#silence.refresh())
    socket.on('unexpected-response', (_request, response) => {
      void transport.refusal(response).then(
        (error) => this.#fail(error),
        (error: unknown) => this.#fail(error),
      )
    })
    socket.on('error', (error) => this.#fail(transport.explain(error)))
    socket.on('close', (code) => {
      this.#error ??= code === normalEnd ? null : lost('is gone')
      this.#end()
    })
  }

  async next(): Promise<TerminalEvent | null> {
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

  type(keys: Uint8Array): void {
    this.#send(keys)
  }

  request(request: TerminalRequest): void {
    this.#send(JSON.stringify(request))
  }

  close(): void {
    this.#socket.close(normalEnd)
    this.#end()
    setTimeout(() => this.#socket.terminate(), closeMs).unref()
  }

  /** What can't be sent any more is lost, as the connection is. */
  #send(frame: Uint8Array | string): void {
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(frame)
    }
  }

  #take(data: RawData, isBinary: boolean): void {
    this.#silence.refresh()
    if (isBinary) {
      const bytes = data as Buffer
      const screen = this.#screen
      this.#screen = null
      this.#push(
        screen
          ? { type: 'screen', bytes, size: { cols: screen.cols, rows: screen.rows } }
          : { type: 'output', bytes },
      )
      return
    }
    const notice = JSON.parse((data as Buffer).toString()) as TerminalNotice
    switch (notice.type) {
      case 'attached':
        this.#attached.resolve(notice)
        return
      case 'screen':
        this.#screen = notice
        return
      case 'resized':
        this.#push({ type: 'resized', size: { cols: notice.cols, rows: notice.rows } })
        return
      case 'error':
        this.#fail(fromProblem(notice.problem))
        return
      case 'refused':
        this.#push({ type: 'refused', error: fromProblem(notice.problem) })
        return
      case 'status':
      case 'gone':
        this.#push(notice)
    }
  }

  #push(event: TerminalEvent): void {
    this.#events.push(event)
    this.#arrival.resolve()
  }

  /** It ends with this; what came before can still be asked for. */
  #fail(error: unknown): void {
    this.#error ??= error
    this.#socket.terminate()
    this.#end()
  }

  #end(): void {
    if (!this.#isClosed) {
      this.#isClosed = true
      clearTimeout(this.#silence)
      this.#onEnd()
      this.#attached.reject(this.#error ?? lost('ended the connection'))
      this.#arrival.resolve()
    }
  }
}

function lost(what: string): DroverError {
  return new DroverError('daemon_unreachable', `The daemon ${what}.`)
}
