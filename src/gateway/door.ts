import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { doorUrl, type DoorAddress } from '../core/door-environment.ts'
import { Connections } from './connections.ts'
import { doorBounds, type DoorBounds, type DoorOptions } from './door-options.ts'
import { Proxy } from './proxy.ts'
import { refuse } from './refuse.ts'
import { Seats } from './seats.ts'
import { serveUpstream } from './serve-upstream.ts'

const http = process.getBuiltinModule('node:http')

/**
 * The agents' door: what agents that are kept from the network reach instead. To each with its own
 * token it is a proxy, for hosts and `CONNECT`, as far as its policy goes; the model upstreams of config,
 * below `/upstream/`; and Drover's API, below `/v1/`. Whoever has no token gets nothing.
 */
export class Door {
  readonly #options: DoorOptions
  readonly #bounds: DoorBounds
  readonly #seats: Seats
  readonly #proxy: Proxy
  readonly #connections: Connections
  readonly #servers = new Set<Server>()

  constructor(options: DoorOptions) {
    this.#options = options
    this.#bounds = { ...doorBounds, ...options.bounds }
    this.#seats = new Seats(this.#bounds.perAgent)
    this.#connections = new Connections(this.#bounds.perAddress)
    this.#proxy = new Proxy(options, { bounds: this.#bounds, seats: this.#seats })
  }

  /**
   * Opens the door at one more address; port 0 takes any free one. Resolves with where it is. Rejects
   * with the system's error: `EADDRINUSE`, `EADDRNOTAVAIL`.
   */
  async listen({ host, port }: DoorAddress): Promise<DoorAddress> {
    const server = this.#createServer()
    server.listen(port, host)
    await once(server, 'listening')
    // That the machine takes in nobody more for a while is no reason to end.
    server.on('error', () => undefined)
    this.#servers.add(server)
    return { host, port: (server.address() as { port: number }).port }
  }

  /** Cuts off what an agent has under way. */
  dismiss(agentId: string): void {
    this.#seats.clear(agentId)
  }

  async close(): Promise<void> {
    this.#seats.clearAll()
    const servers = [...this.#servers]
    this.#servers.clear()
    await Promise.all(
      servers.map(async (server) => {
        server.close()
        server.closeAllConnections()
        this.#connections.destroyAll()
        await once(server, 'close')
      }),
    )
  }

  #createServer(): Server {
    const { headersMs, idleMs, connections } = this.#bounds
    const server = http.createServer({
      maxHeaderSize: 32 * 1024,
      headersTimeout: headersMs,
      // A body may be long in coming; what stands still is closed by `timeout`.
      requestTimeout: 0,
      connectionsCheckingInterval: Math.min(headersMs, 5000),
      keepAliveTimeout: 65_000,
      noDelay: true,
    })
    server.timeout = idleMs
    server.maxHeadersCount = 200
    server.maxConnections = connections
    server.on('connection', (socket: Socket) => this.#connections.add(socket))
    server.on('request', (request, response) => this.#serve(request, response))
    server.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) =>
      this.#connect(server, request, { socket, head }),
    )
    return server
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const own = ownPath(request)
    if (own === null) {
      void this.#proxy.forward(request, response)
    } else if (own.startsWith('/upstream/')) {
      const { upstreams, admit } = this.#options
      serveUpstream(request, response, {
        path: own,
        upstreams,
        admit,
        seats: this.#seats,
        bounds: this.#bounds,
      })
    } else if (own.startsWith('/v1/')) {
      request.url = own
      this.#serveApi(request, response)
    } else {
      const text =
        'Drover: this is the door for agents; it has /v1/ and /upstream/, and is a proxy.'
      refuse(response, { status: 404, text })
    }
  }

  #serveApi(request: IncomingMessage, response: ServerResponse): void {
    const { isApiToken, api } = this.#options
    const token = (request.headers.authorization ?? '').replace(/^Bearer /i, '')
    if (!isApiToken(token)) {
      const text =
        'Drover: /v1/ is for agents here, with their own token: Authorization: Bearer $DROVER_TOKEN.'
      return refuse(response, { status: 403, text })
    }
    const serve = api()
    if (!serve) {
      return refuse(response, { status: 503, text: 'Drover: is not ready yet.' })
    }
    serve(request, response)
  }

  /** Some programs make a tunnel even to the door itself: what comes through it is served as ever. */
  #connect(
    server: Server,
    request: IncomingMessage,
    { socket, head }: { socket: Socket; head: Buffer },
  ): void {
    socket.on('error', () => socket.destroy())
    const isOwn = request.url?.toLowerCase() === authorityOf(socket)
    const agent = this.#proxy.admit(request)
    if (isOwn && agent) {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      socket.unshift(head)
      server.emit('connection', socket)
      return
    }
    void this.#proxy.tunnel(request, socket, head)
  }
}

/** The path, where a request is for the door itself; null where it is for a host elsewhere. */
function ownPath({ url = '', socket }: IncomingMessage): string | null {
  if (url.startsWith('/')) {
    return url
  }
  const own = `http://${authorityOf(socket)}/`
  return url.toLowerCase().startsWith(own) ? url.slice(own.length - 1) : null
}

/** `HOST:PORT` by which a client came here. */
function authorityOf({ localAddress = '', localPort = 0 }: Socket): string {
  return doorUrl({ host: localAddress, port: localPort }).replace('http://', '')
}
