import { fromProblem } from '../schema/error.ts'
import type { TerminalNotice, TerminalRequest } from '../schema/terminal.ts'
import { FrameSocket, lost } from './frame-socket.ts'
import {
  TerminalStream,
  type Attached,
  type TerminalConnection,
  type TerminalEvent,
  type TerminalOptions,
} from './terminal-stream.ts'
import type { Transport } from './transport.ts'

/** Comes to a terminal by a WebSocket. Resolves once the agent's daemon took them in. */
export async function openTerminal(
  transport: Transport,
  path: string,
  { size: { cols, rows }, isReadOnly: readOnly, isBack: back, signal }: TerminalOptions,
): Promise<TerminalStream> {
  const query = { cols, rows, readOnly, back }
  const connection = new SocketConnection(transport, { path, query, signal })
  return new TerminalStream(connection, await connection.attached)
}

class SocketConnection extends FrameSocket<TerminalEvent> implements TerminalConnection {
  readonly #attached = Promise.withResolvers<Attached>()
  #screen: Extract<TerminalNotice, { type: 'screen' }> | null = null

  /** Whoever awaits it hears of a failure; one that comes after it was taken is told by the events. */
  get attached(): Promise<Attached> {
    return this.#attached.promise
  }

  type(keys: Uint8Array): void {
    this.send(keys)
  }

  request(request: TerminalRequest): void {
    this.send(JSON.stringify(request))
  }

  protected override takeBytes(bytes: Buffer): void {
    const screen = this.#screen
    this.#screen = null
    this.push(
      screen
        ? { type: 'screen', bytes, size: { cols: screen.cols, rows: screen.rows } }
        : { type: 'output', bytes },
    )
  }

  protected override takeNotice(value: unknown): void {
    const notice = value as TerminalNotice
    switch (notice.type) {
      case 'attached':
        this.#attached.resolve(notice)
        return
      case 'screen':
        this.#screen = notice
        return
      case 'resized':
        this.push({ type: 'resized', size: { cols: notice.cols, rows: notice.rows } })
        return
      case 'error':
        this.fail(fromProblem(notice.problem))
        return
      case 'refused':
        this.push({ type: 'refused', error: fromProblem(notice.problem) })
        return
      case 'status':
      case 'gone':
        this.push(notice)
    }
  }

  protected override over(cause: unknown): void {
    this.#attached.promise.catch(() => undefined)
    this.#attached.reject(cause ?? lost('ended the connection'))
  }
}
