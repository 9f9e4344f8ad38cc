import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { Door } from '../../src/gateway/door.ts'
import type { DoorOptions, DoorRefusal } from '../../src/gateway/door-options.ts'
import type { Network } from '../../src/schema/network.ts'

/** The door on loopback, with agents, names and servers that the test makes up. */
export class DoorStage implements AsyncDisposable {
  readonly refusals: DoorRefusal[] = []
  /** What was asked of the resolver. */
  readonly asked: string[] = []
  readonly #names = new Map<string, readonly (readonly string[])[]>()
  readonly #agents = new Map<string, Network>()
  readonly #servers: { close: () => void }[] = []
  readonly #sockets = new Set<Socket>()
  readonly door: Door
  port = 0

  private constructor(options: Partial<DoorOptions>) {
    this.door = new Door({
      admit: (token) => {
        const id = /^token-of-(\w+)$/.exec(token)?.[1] ?? ''
        const network = this.#agents.get(id)
        return network === undefined ? null : { id, name: `name-of-${id}`, network }
      },
      isApiToken: (token) => /^api-token-of-\w+$/.test(token),
      api: () => null,
      upstreams: {},
      onRefused: (refusal) => this.refusals.push(refusal),
      resolve: async (host) => this.#resolve(host),
      isOwnAddress: () => false,
      ...options,
    })
  }

  static async open(options: Partial<DoorOptions> = {}): Promise<DoorStage> {
    const stage = new DoorStage(options)
    const { port } = await stage.door.listen({ host: '127.0.0.1', port: 0 })
    stage.port = port
    return stage
  }

  agent(id: string, network: Network): void {
    this.#agents.set(id, network)
  }

  /** What a name leads to, the first time it is asked for, the second, and so on; the last for ever. */
  name(host: string, ...answers: readonly (readonly string[])[]): void {
    this.#names.set(host, answers)
  }

  /** A server on loopback that goes with the stage; its port. */
  async serve(server: Server): Promise<number> {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    this.keep(server)
    return (server.address() as AddressInfo).port
  }

  /** A server that goes with the stage, with all its connections. */
  keep(server: Server): void {
    this.#servers.push(server)
    server.on('connection', (socket: Socket) => this.#keep(socket))
  }

  /** A server that does this with each connection. */
  async serveRaw(take: (socket: Socket) => void): Promise<number> {
    return await this.serve(createServer({ allowHalfOpen: true }, take))
  }

  /** A connection to the door. */
  async dial(): Promise<Socket> {
    const socket = connect({ host: '127.0.0.1', port: this.port, allowHalfOpen: true })
    this.#keep(socket)
    await once(socket, 'connect')
    return socket
  }

  /** Asks for a tunnel; the head of the answer, and the connection, with what came after the head put back. */
  async tunnel(
    authority: string,
    { id = 'a', token, rest = '' }: { id?: string; token?: string; rest?: string } = {},
  ): Promise<Tunnel> {
    const socket = await this.dial()
    const credentials = Buffer.from(`${id}:${token ?? `token-of-${id}`}`).toString('base64')
    socket.write(
      `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: Basic ${credentials}\r\n\r\n${rest}`,
    )
    return { socket, ...(await readHead(socket)) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sockets.forEach((socket) => socket.destroy())
    this.#servers.forEach((server) => server.close())
    await this.door.close()
  }

  #resolve(host: string): readonly string[] {
    this.asked.push(host)
    const answers = this.#names.get(host)
    const [first, ...later] = answers ?? []
    if (!first) {
      throw new Error(`there is no ${host}`)
    }
    this.#names.set(host, later.length > 0 ? later : [first])
    return first
  }

  #keep(socket: Socket): void {
    socket.on('error', () => undefined)
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
  }
}

export interface Tunnel {
  socket: Socket
  status: number
  head: string
}

/** Reads the head of an answer, and leaves the rest to be read. */
export async function readHead(socket: Socket): Promise<{ status: number; head: string }> {
  let bytes = Buffer.alloc(0)
  for (;;) {
    const piece = socket.read() as Buffer | null
    if (piece) {
      bytes = Buffer.concat([bytes, piece])
      const end = bytes.indexOf('\r\n\r\n')
      if (end >= 0) {
        socket.unshift(bytes.subarray(end + 4))
        const head = bytes.subarray(0, end).toString()
        return { head, status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]) }
      }
    } else if (socket.readableEnded || socket.destroyed) {
      return { head: bytes.toString(), status: 0 }
    } else {
      await Promise.race(
        ['readable', 'end', 'close'].map(async (event) => await once(socket, event)),
      )
    }
  }
}

/** All that comes until the end; its other half stays open. Rejects where it breaks off. */
export async function readAll(socket: Duplex): Promise<Buffer> {
  const pieces: Buffer[] = []
  socket.on('data', (piece: Buffer) => pieces.push(piece))
  await once(socket, 'end')
  return Buffer.concat(pieces)
}

/** How a connection ended: `ECONNRESET`, or null where it ended well. */
export async function endingOf(socket: Socket): Promise<string | null> {
  socket.resume()
  return await new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    socket.once('close', () => resolve(null))
  })
}
