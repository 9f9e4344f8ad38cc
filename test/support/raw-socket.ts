import { WebSocket, type ClientOptions } from 'ws'
import type { Problem } from '../../src/schema/error.ts'
import type { TerminalNotice } from '../../src/schema/terminal.ts'
import { waitFor } from './wait-for.ts'

/** A WebSocket with every header and frame as given. It acknowledges nothing by itself. */
export class RawSocket implements Disposable {
  readonly socket: WebSocket
  readonly notices: TerminalNotice[] = []
  readonly closed: Promise<number>
  bytes = 0
  /** What came in binary frames, where it is kept. */
  text = ''

  private constructor(socket: WebSocket, isKept: boolean) {
    this.socket = socket
    this.closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => undefined)
    socket.on('message', (data, isBinary) => {
      if (!isBinary) {
        this.notices.push(JSON.parse((data as Buffer).toString()) as TerminalNotice)
        return
      }
      this.bytes += (data as Buffer).length
      this.text += isKept ? (data as Buffer).toString() : ''
    })
  }

  /** Resolves once it is open; to the status and problem where it was refused. */
  static async open(
    url: string,
    { isKept = true, ...options }: ClientOptions & { isKept?: boolean } = {},
  ): Promise<RawSocket> {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), options)
    const raw = new RawSocket(socket, isKept)
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
      socket.once('unexpected-response', (_request, response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
        response.once('end', () => {
          socket.terminate()
          reject(new Refusal(response.statusCode ?? 0, JSON.parse(text) as Problem))
        })
      })
    })
    return raw
  }

  send(frame: object | string | Uint8Array): void {
    const isBytes = typeof frame === 'string' || frame instanceof Uint8Array
    this.socket.send(isBytes ? frame : JSON.stringify(frame))
  }

  async told<T extends TerminalNotice['type']>(
    type: T,
  ): Promise<Extract<TerminalNotice, { type: T }>> {
    await waitFor(`${type} to be told`, () => this.notices.some((each) => each.type === type))
    return this.notices.find((each) => each.type === type) as Extract<TerminalNotice, { type: T }>
  }

  [Symbol.dispose](): void {
    this.socket.terminate()
  }
}

/** What a connection was refused with. */
export class Refusal extends Error {
  readonly status: number
  readonly problem: Problem

  constructor(status: number, problem: Problem) {
    super(problem.detail)
    this.status = status
    this.problem = problem
  }
}

/** `403 forbidden_host`, or `open`. */
export async function outcomeOf(url: string, options?: ClientOptions): Promise<string> {
  try {
    using raw = await RawSocket.open(url, options)
    return raw.socket.readyState === WebSocket.OPEN ? 'open' : 'closed'
  } catch (error) {
    return error instanceof Refusal ? `${error.status} ${error.problem.code}` : String(error)
  }
}
