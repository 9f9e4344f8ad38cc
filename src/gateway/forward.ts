import type { IncomingMessage, RequestOptions, ServerResponse } from 'node:http'
import { pinned } from './find-way.ts'
import { endToEndHeaders } from './headers.ts'
import { refuse } from './refuse.ts'

const http = process.getBuiltinModule('node:http')

export interface ForwardOptions {
  protocol: 'http:' | 'https:'
  /** A name, or an address without brackets. */
  host: string
  port: number
  /** What the other side is called by, its port with it where that is not the usual one. */
  hostHeader: string
  path: string
  /** Judged already; left out: the host is one of config. */
  addresses?: readonly string[]
  connectMs: number
  idleMs: number
  /** Called once it is over, for whatever reason. */
  onEnd: () => void
}

/**
 * Sends a request on and its answer back, piece by piece as it comes. A connection is made for it
 * alone, so nothing of one agent can come into another's. Returns what cuts it off.
 */
export function forward(
  request: IncomingMessage,
  response: ServerResponse,
  options: ForwardOptions,
): () => void {
  const { hostHeader, idleMs, connectMs, onEnd } = options
  const sent = moduleOf(options.protocol).request({
    ...requestOptions(request, options),
    timeout: idleMs,
  })
  const fail = (problem: string): void => {
    sent.destroy()
    refuse(response, { status: 502, text: `Drover: ${hostHeader} was not reached: ${problem}.` })
  }
  const late = setTimeout(() => fail('it took too long'), connectMs)
  const onConnected = (): void => clearTimeout(late)
  sent.once('socket', (socket) => {
    socket.once(options.protocol === 'https:' ? 'secureConnect' : 'connect', onConnected)
  })
  sent.once('timeout', () => fail('nothing came for too long'))
  sent.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message))
  sent.once('close', () => {
    if (!response.headersSent && !response.destroyed) {
      fail('it did not answer')
    }
  })
  sent.once('response', (answer) => {
    onConnected()
    answer.on('error', () => response.destroy())
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEndHeaders(answer))
    // An answer may be long in coming after its head.
    response.flushHeaders()
    answer.pipe(response)
  })
  response.once('close', () => {
    onConnected()
    request.unpipe(sent)
    sent.destroy()
    onEnd()
  })
  request.on('error', () => sent.destroy())
  response.on('error', () => sent.destroy())
  request.pipe(sent)
  return () => response.destroy()
}

function requestOptions(request: IncomingMessage, options: ForwardOptions): RequestOptions {
  const { host, port, path, hostHeader, addresses } = options
  const { 'transfer-encoding': encoding } = request.headers
  const headers = Object.entries(endToEndHeaders(request)).filter(
    ([name]) => name.toLowerCase() !== 'host',
  )
  return {
    host,
    port,
    path,
    method: request.method,
    headers: {
      host: hostHeader,
      ...Object.fromEntries(headers),
      // Node frames the body of a GET only where it is told that there is one.
      ...(encoding === undefined ? {} : { 'transfer-encoding': encoding }),
    },
    agent: false,
    ...(addresses ? { lookup: pinned(addresses) } : {}),
  }
}

/** TLS is loaded with the first upstream that has it. */
function moduleOf(protocol: ForwardOptions['protocol']): Pick<typeof http, 'request'> {
  return protocol === 'https:' ? process.getBuiltinModule('node:https') : http
}
