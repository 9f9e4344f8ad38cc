import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { WebSocket, WebSocketServer } from 'ws'
import { limits } from '../schema/limits.ts'
import type { Bindings } from './route.ts'

// An ES import of this module loads all it could ever need; this way it loads what is used.
const http = process.getBuiltinModule('node:http')

/** How long those who are there may take to say farewell, ms. */
const farewellMs = 500

type Listener = (
  incoming: IncomingMessage,
  outgoing: Bindings['outgoing'],
  upgrade: NonNullable<Bindings['upgrade']>,
) => void

/**
 * WebSockets on the API's doors. A request for one goes the way of all others, through guard and
 * route; the route makes a WebSocket of its connection, or it is answered and closed.
 */
export class Upgrades {
  #sockets: WebSocketServer | null = null

  serve(server: Server, listener: Listener): void {
    server.on('upgrade', (incoming: IncomingMessage, connection: Duplex, head: Buffer) => {
      connection.on('error', () => connection.destroy())
      const outgoing = new http.ServerResponse(incoming)
      outgoing.shouldKeepAlive = false
      outgoing.assignSocket(connection as Socket)
      const end = (): void => (connection as Socket).destroySoon()
      outgoing.once('finish', end)
      listener(incoming, outgoing, async () => {
        outgoing.off('finish', end)
        outgoing.detachSocket(connection as Socket)
        const { promise, resolve } = Promise.withResolvers<WebSocket | null>()
        // It went away, or was no client that knows how to ask: then it was answered.
        connection.once('close', () => resolve(null))
        const sockets = await this.#load()
        sockets.handleUpgrade(incoming, connection, head, resolve)
        return await promise
      })
    })
  }

  /** Lets go of everybody. */
  close(): void {
    for (const socket of this.#sockets?.clients ?? []) {
      socket.close(1001)
      setTimeout(() => socket.terminate(), farewellMs)
    }
  }

  /** With the first of them: a daemon that nobody comes to so does without it. */
  async #load(): Promise<WebSocketServer> {
    const { WebSocketServer: Sockets } = await import('ws')
    this.#sockets ??= new Sockets({
      noServer: true,
      maxPayload: limits.terminal.frameBytes,
      perMessageDeflate: false,
    })
    return this.#sockets
  }
}

/** Whether a request is to become a WebSocket; all others are answered as ever, whatever they offer. */
export function isUpgrade({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket'
}
