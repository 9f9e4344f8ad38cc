import type { IncomingMessage } from 'node:http'
import { finished, type Duplex, type Readable } from 'node:stream'
import { Socket } from 'node:net'
import type DockerModem from 'docker-modem'
import type { z } from 'zod'
import { DroverError } from '../../../schema/error.ts'
import type { Login } from './logins.ts'
import { explainRefusal } from './refusal.ts'

/** One request to an engine. */
export interface EngineRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  /** Below the version, as `/containers/json`. */
  path: string
  /** Objects are sent as JSON; what is undefined is left out. */
  query?: Readonly<Record<string, unknown>>
  /** Sent as JSON. */
  body?: object
  /** Sent as a tar instead. */
  tar?: Readable
  /** Who asks, where a registry wants to know; all of them for a build. Sent in a header. */
  login?: Login
  logins?: Readonly<Record<string, Login>>
  /** How long until the head of its answer, and for `ask` until the end of it, ms. */
  deadlineMs?: number
  signal: AbortSignal
}

/** What opens connections, made by `openTransport`. */
export interface TransportOptions {
  modem: DockerModem
  /** For people. */
  address: string
}

/** How long an engine has for a call that is not known to take longer, ms. */
const usualDeadlineMs = 30_000

/** Bytes of an answer that is read whole. The largest there is lists containers or images. */
const longestAnswerBytes = 64 * 1024 * 1024

/**
 * Requests to one engine, over `docker-modem`. Each has a deadline and ends by its signal, and what
 * goes wrong is a DroverError: `engine_unreachable` where no whole answer came, else what the engine
 * refused with (`explainRefusal`).
 */
export class Transport {
  readonly address: string
  readonly #modem: DockerModem

  constructor({ modem, address }: TransportOptions) {
    this.#modem = modem
    this.address = address
  }

  /** From now on requests name this version of the API. */
  set version(version: string) {
    Object.assign(this.#modem, { version: `v${version}` })
  }

  /** The whole answer, checked. */
  async ask<T>(request: EngineRequest, schema: z.ZodType<T>): Promise<T> {
    const text = await this.askText(request)
    try {
      return schema.parse(JSON.parse(text))
    } catch (error) {
      const what = `The engine at ${this.address} answered ${request.path} with what is no answer.`
      throw new DroverError('engine_unreachable', what, { cause: error })
    }
  }

  /** Does it, and reads the answer to its end. */
  async askText(request: EngineRequest): Promise<string> {
    const call = new Call(request, this.address)
    try {
      const response = await call.run(this.#dial(request, call))
      call.onAbort = (reason) => response.destroy(reason)
      return await call.run(this.#readWhole(response))
    } finally {
      call.end()
    }
  }

  /**
   * The answer as a stream, once its head is there. Nothing but the signal ends it then: its reason
   * is the stream's error.
   */
  async open(request: EngineRequest): Promise<IncomingMessage> {
    const call = new Call(request, this.address)
    try {
      const response = await call.run(this.#dial(request, call))
      followSignal(response, request.signal)
      onBreak(request.tar, (error) => response.destroy(error))
      return response
    } finally {
      call.end()
    }
  }

  /** The connection itself, once the engine has agreed to give it away. It ends by the signal. */
  async hijack(request: EngineRequest): Promise<Duplex> {
    const call = new Call(request, this.address)
    try {
      const socket = await call.run(this.#dial(request, call, true))
      followSignal(socket, request.signal)
      return socket
    } finally {
      call.end()
    }
  }

  #dial(request: EngineRequest, call: Call, isHijack: true): Promise<Duplex>
  #dial(request: EngineRequest, call: Call): Promise<IncomingMessage>
  async #dial(
    request: EngineRequest,
    call: Call,
    isHijack = false,
  ): Promise<IncomingMessage | Duplex> {
    const { method, path, body, tar, login, logins } = request
    const query = defined(request.query ?? {})
    const answer = Promise.withResolvers<IncomingMessage | Duplex>()
    const options = {
      // The modem adds a query to what ends so.
      path: Object.keys(query).length > 0 ? `${path}?` : path,
      method,
      // The modem takes a body of `{}` for none; engines do the same.
      options: { _query: query, _body: body ?? {} },
      ...(tar ? { file: tar } : {}),
      ...(login ? { authconfig: { ...login } } : {}),
      ...(logins ? { registryconfig: { ...logins } } : {}),
      hijack: isHijack,
      isStream: true,
      statusCodes: everyStatus,
      abortSignal: call.connecting,
    }
    this.#modem.dial(options, (error: Error | null, result: unknown) => {
      if (error) {
        answer.reject(error)
      } else {
        answer.resolve(result as IncomingMessage | Duplex)
      }
    })
    const result: IncomingMessage | Duplex = await answer.promise.catch((error: unknown) => {
      throw this.#unreachable('could not be asked', error)
    })
    if (!isResponse(result)) {
      return result
    }
    const status = result.statusCode ?? 0
    if (isHijack || status >= 400) {
      call.onAbort = (reason) => result.destroy(reason)
      throw explainRefusal({ status, message: readMessage(await this.#readWhole(result)) })
    }
    return result
  }

  async #readWhole(response: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = []
    let bytes = 0
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        bytes += chunk.length
        if (bytes > longestAnswerBytes) {
          throw new Error(`more than ${longestAnswerBytes} bytes`)
        }
        chunks.push(chunk)
      }
    } catch (error) {
      throw this.#unreachable('did not answer to the end', error)
    }
    return Buffer.concat(chunks).toString()
  }

  #unreachable(what: string, cause: unknown): DroverError {
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    return new DroverError('engine_unreachable', `The engine at ${this.address} ${what}${why}.`, {
      cause,
    })
  }
}

/** The time that one request has, until its answer is there. */
class Call {
  readonly #request: EngineRequest
  readonly #ended = Promise.withResolvers<never>()
  readonly #connection = new AbortController()
  readonly #timer: NodeJS.Timeout
  readonly #onSignal = (): void => this.#abort(this.#request.signal.reason as Error)
  #isOver = false
  /** What else is to be destroyed with it. */
  onAbort: ((reason: Error) => void) | null = null

  constructor(request: EngineRequest, address: string) {
    this.#request = request
    const { signal, tar, deadlineMs = usualDeadlineMs } = request
    signal.throwIfAborted()
    this.#ended.promise.catch(() => {})
    signal.addEventListener('abort', this.#onSignal)
    this.#timer = setTimeout(() => {
      const text = `The engine at ${address} did not answer within ${deadlineMs / 1000} s.`
      this.#abort(new DroverError('engine_unreachable', text))
    }, deadlineMs)
    onBreak(tar, (error) => this.#abort(error))
  }

  /** Ends the request as long as there is no answer. */
  get connecting(): AbortSignal {
    return this.#connection.signal
  }

  async run<T>(work: Promise<T>): Promise<T> {
    return await Promise.race([work, this.#ended.promise])
  }

  end(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#request.signal.removeEventListener('abort', this.#onSignal)
  }

  #abort(reason: Error): void {
    if (this.#isOver) {
      return
    }
    this.#ended.reject(reason)
    this.#connection.abort(reason)
    this.#request.tar?.destroy()
    this.onAbort?.(reason)
  }
}

/** What is sent breaks on this side: the engine would wait for the rest. */
function onBreak(tar: Readable | undefined, tell: (error: Error) => void): void {
  if (tar) {
    finished(tar, { writable: false }, (error) => error && tell(error))
  }
}

/** A machine that goes without a word is noticed though nothing is sent to it. */
function keepAlive(connection: Duplex): void {
  if (connection instanceof Socket) {
    connection.setKeepAlive(true, 15_000)
  }
}

function isResponse(answer: IncomingMessage | Duplex): answer is IncomingMessage {
  return 'statusCode' in answer
}

function followSignal(stream: IncomingMessage | Duplex, signal: AbortSignal): void {
  keepAlive(isResponse(stream) ? stream.socket : stream)
  // Whoever reads it is told; nobody needs to be there.
  stream.on('error', () => {})
  const abort = (): void => void stream.destroy(signal.reason as Error)
  if (signal.aborted) {
    abort()
    return
  }
  signal.addEventListener('abort', abort)
  stream.once('close', () => signal.removeEventListener('abort', abort))
}

function defined(query: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined))
}

/** The modem is to judge none: its words for a refusal have no status. */
const everyStatus = Object.fromEntries(
  Array.from({ length: 500 }, (_, index) => [String(index + 100), true as const]),
)

/** Docker answers with `message`, Podman with `message` or `cause`, a proxy with anything. */
function readMessage(text: string): string {
  try {
    const { message, cause } = JSON.parse(text) as { message?: unknown; cause?: unknown }
    const said = message ?? cause
    return typeof said === 'string' ? said : text
  } catch {
    return text
  }
}
