import { connect, type Socket } from 'node:net'
import { pinned, type Way } from './find-way.ts'
import { refuseTunnel } from './refuse.ts'

export interface TunnelOptions {
  /** What the client sent after its request's head. */
  head: Buffer
  way: Extract<Way, { kind: 'open' }>
  connectMs: number
  idleMs: number
  /** Called once the tunnel is over, for whatever reason. */
  onEnd: () => void
}

/** What a client is told once its bytes are a server's. */
export const established = 'HTTP/1.1 200 Connection Established\r\n\r\n'

/**
 * Joins a client to a server: bytes go through untouched, as fast as the slower side takes them. Each
 * side may end its half and hear the other out. Returns what cuts it off.
 */
export function openTunnel(client: Socket, options: TunnelOptions): () => void {
  const { head, way, connectMs, idleMs, onEnd } = options
  const { target, addresses } = way
  const server = connect({
    host: target.host,
    port: target.port,
    lookup: pinned(addresses),
    allowHalfOpen: true,
    noDelay: true,
  })
  let isOpen = false
  // By a reset: a tunnel that is cut off must not look like one whose server was done.
  const cut = (): void => {
    client.resetAndDestroy()
    if (server.connecting) {
      server.destroy()
    } else {
      server.resetAndDestroy()
    }
  }
  const fail = (problem: string): void => {
    server.destroy()
    if (isOpen || client.destroyed) {
      cut()
    } else {
      const text = `Drover: ${target.host}:${target.port} was not reached: ${problem}.`
      refuseTunnel(client, { status: 502, text })
    }
  }
  const late = setTimeout(() => fail('it took too long'), connectMs)
  server.once('connect', () => {
    clearTimeout(late)
    isOpen = true
    client.setNoDelay(true)
    client.setTimeout(idleMs, cut)
    server.setTimeout(idleMs, cut)
    client.write(established)
    server.write(head)
    client.pipe(server)
    server.pipe(client)
  })
  server.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message))
  client.on('error', cut)
  client.once('close', () => {
    // Whoever ended both halves may still be sent what was on its way; who is gone may not.
    if (!isOpen || !client.readableEnded) {
      cut()
    }
  })
  server.once('close', () => {
    clearTimeout(late)
    if (isOpen && !server.readableEnded) {
      cut()
    }
    onEnd()
  })
  return cut
}
