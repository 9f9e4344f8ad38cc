import type * as http from 'node:http'
import type * as net from 'node:net'
import type { Readable } from 'node:stream'
import { DroverError, fromProblem, type Problem } from '../schema/error.ts'
import { limits } from '../schema/limits.ts'

/**
 * Where the daemon is: its unix socket, or its loopback address with the text of the token file. An
 * agent's token makes the client that agent, over either.
 */
export type Target = { socket: string; token?: string | undefined } | { url: string; token: string }

export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  /** Left-out values are not sent. */
  query?: Record<string, string | number | boolean | undefined>
  body?: unknown
  /** Sent as it comes, instead of a body. Its error is the call's. */
  stream?: Readable
  headers?: Record<string, string>
  /** Until the whole answer is here; for streams, until it begins. */
  deadlineMs: number
  signal?: AbortSignal | undefined
}

/** Where a connection goes that is no request. */
export interface SocketTarget {
  url: string
  headers: Record<string, string>
  connect: () => net.Socket
}

/** Codes of the system for "nobody listens there". */
const absent = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'ENOTDIR'])

/** Node looks for the name of a TLS server even without TLS, with a regular expression that takes 6 ms to compile. */
const withoutServerName: object = { servername: '' }

/**
 * HTTP to one daemon over kept-alive connections. Node's `http` is taken by `getBuiltinModule`:
 * an ESM import of it costs a cold CLI more than its whole work.
 */
export class Transport {
  readonly #http = process.getBuiltinModule('node:http')
  readonly #agent: http.Agent
  readonly #base: http.RequestOptions
  readonly #place: string

  constructor(target: Target) {
    this.#agent = new this.#http.Agent({ keepAlive: true })
    if ('socket' in target) {
      this.#place = target.socket
      this.#base = {
        ...withoutServerName,
        socketPath: target.socket,
        headers: { host: 'localhost', ...(target.token ? bearer(target.token) : {}) },
      }
    } else {
      const url = parseUrl(target.url)
      this.#place = url.origin
      this.#base = {
        ...withoutServerName,
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port || 80,
        headers: { host: url.host, ...bearer(target.token) },
      }
    }
  }

  /** The JSON answer. Throws the DroverError the daemon described, `daemon_unreachable` or `timeout`. */
  async request<Answer>(call: Call): Promise<Answer> {
    const deadline = performance.now() + call.deadlineMs
    const response = await this.open(call)
    const timer = setTimeout(
      () => response.destroy(deadlinePassed(call)),
      Math.max(deadline - performance.now(), 1),
    )
    try {
      return JSON.parse(await this.#text(response)) as Answer
    } catch (error) {
      if (error instanceof SyntaxError) {
        throw new DroverError('internal', `${this.#place} did not answer with JSON.`, {
          cause: error,
        })
      }
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** The answer as it comes in. An abort of the signal destroys it, also later. */
  async open(call: Call): Promise<http.IncomingMessage> {
    const { response, isStale } = await this.#send(call).then(
      (answer) => ({ response: answer, isStale: false }),
      (error: unknown) => {
        if (error instanceof StaleConnection && call.method === 'GET') {
          return { response: null, isStale: true }
        }
        throw error
      },
    )
    const answer = isStale || !response ? await this.#send(call) : response
    if ((answer.statusCode ?? 500) < 400) {
      return answer
    }
    throw await this.refusal(answer)
  }

  /** What a connection that is no request needs: where it goes, by which socket, under whose name. */
  socketTo(path: string, query?: Call['query']): SocketTarget {
    const { host, port, socketPath, headers } = this.#base
    const { host: name, ...rest } = headers as Record<string, string>
    return {
      url: `ws://${name}${path}${queryText(query)}`,
      headers: rest,
      connect: () =>
        process
          .getBuiltinModule('node:net')
          .connect(socketPath ? { path: socketPath } : { host: host ?? '', port: Number(port) }),
    }
  }

  /** What the daemon refused a connection with. */
  async refusal(response: http.IncomingMessage): Promise<DroverError> {
    return fromProblem(parseProblem(await this.#text(response), response.statusCode ?? 500))
  }

  /** The error to show for one of the connection. */
  explain(error: unknown): unknown {
    if (error instanceof DroverError || !(error instanceof Error)) {
      return error
    }
    const code = 'code' in error ? String(error.code) : ''
    if (error.name === 'AbortError') {
      return error
    }
    const message = absent.has(code)
      ? `No daemon answers at ${this.#place}.`
      : code === 'EACCES' || code === 'EPERM'
        ? `This user may not open ${this.#place}: permission denied.`
        : code === 'ECONNRESET' || code === 'EPIPE'
          ? `The daemon at ${this.#place} ended before it had answered.`
          : `${this.#place} can't be reached: ${error.message}.`
    return new DroverError('daemon_unreachable', message, { cause: error })
  }

  close(): void {
    this.#agent.destroy()
  }

  #send(call: Call): Promise<http.IncomingMessage> {
    const { signal } = call
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body))
    if (body && body.length > limits.requestBytes) {
      const details = { bytes: body.length, limit: limits.requestBytes }
      throw new DroverError(
        'message_too_large',
        `The request is larger than ${limits.requestBytes} bytes.`,
        { details },
      )
    }
    signal?.throwIfAborted()
    return new Promise((resolve, reject) => {
      const request = this.#http.request({
        ...this.#base,
        agent: this.#agent,
        method: call.method,
        path: call.path + queryText(call.query),
        headers: {
          ...(this.#base.headers as Record<string, string>),
          ...call.headers,
          ...(body ? { 'content-type': 'application/json', 'content-length': body.length } : {}),
        },
      })
      const abort = (): void => {
        request.destroy(asError(signal?.reason))
      }
      const timer = setTimeout(() => request.destroy(deadlinePassed(call)), call.deadlineMs)
      signal?.addEventListener('abort', abort, { once: true })
      request.once('close', () => signal?.removeEventListener('abort', abort))
      request.once('response', (response) => {
        clearTimeout(timer)
        if (call.stream && (response.statusCode ?? 500) >= 400) {
          // Nobody reads the rest of what is sent.
          response.once('end', () => request.destroy())
        }
        resolve(response)
      })
      request.on('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(timer)
        const isStale =
          request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
        const explained = signal?.aborted ? signal.reason : this.explain(error)
        reject(isStale && !signal?.aborted ? new StaleConnection(explained) : explained)
      })
      const { stream } = call
      if (stream) {
        // What is wrong with it is said while it is still sent.
        request.once('close', () => stream.destroy())
        stream.on('error', (error) => request.destroy(error))
        stream.pipe(request)
      } else {
        request.end(body)
      }
    })
  }

  async #text(response: http.IncomingMessage): Promise<string> {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of response) {
        chunks.push(chunk as Buffer)
      }
    } catch (error) {
      throw this.explain(error)
    }
    return Buffer.concat(chunks).toString()
  }
}

/** A kept connection was closed under the request: the daemon never saw it, or died with it. */
class StaleConnection extends DroverError {
  constructor(cause: unknown) {
    const message = cause instanceof Error ? cause.message : 'The connection was lost.'
    super('daemon_unreachable', message, { cause })
  }
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token.trim()}` }
}

function deadlinePassed(call: Call): DroverError {
  const seconds = Math.round(call.deadlineMs / 1000)
  return new DroverError(
    'timeout',
    `${call.method} ${call.path} got no answer within ${seconds} s.`,
  )
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new DOMException('Aborted', 'AbortError')
}

function parseUrl(text: string): URL {
  const url = URL.parse(text)
  if (url?.protocol !== 'http:') {
    throw new DroverError(
      'invalid_request',
      `url: ${JSON.stringify(text)} is not an http address.`,
      {
        details: { field: 'url' },
      },
    )
  }
  return url
}

function queryText(query: Call['query'] = {}): string {
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
  return pairs.length > 0 ? `?${pairs.join('&')}` : ''
}

function parseProblem(text: string, status: number): Partial<Problem> {
  try {
    const problem: unknown = JSON.parse(text)
    if (typeof problem === 'object' && problem !== null) {
      return problem
    }
  } catch {
    // Not from Drover, or cut: the status is all there is.
  }
  return { detail: `The daemon answered ${status} without saying why.` }
}
