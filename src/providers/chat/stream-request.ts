import type { IncomingMessage } from 'node:http'

/** Longest error body read, characters. */
const errorBodyLength = 16 * 1024

export interface StreamRequest {
  url: URL
  method: 'GET' | 'POST'
  headers: Readonly<Record<string, string>>
  body: string | null
  /** Longest wait for the connection, ms. */
  connectDeadlineMs: number
  /** Longest time without a byte, ms. */
  silenceDeadlineMs: number
  signal: AbortSignal
}

/** The endpoint could not be reached, or fell silent. The message is a sentence for a person. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError'
}

/** An answer whose body is read as it comes. */
export interface StreamResponse {
  status: number
  /** The header of that name; null without one. */
  retryAfter: string | null
  pieces: AsyncIterable<string>
}

/**
 * One HTTP request whose body is read as it comes. Rejects with EndpointError for what the network
 * does, with the signal's reason when it aborts. The answer's pieces throw the same two.
 */
export async function requestStream(request: StreamRequest): Promise<StreamResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  // `import 'node:http'` would load all of fetch as well, at each start of an agent.
  const http = process.getBuiltinModule('node:http')
  const https = process.getBuiltinModule('node:https')
  const { url, method, headers, signal } = request
  const send = url.protocol === 'https:' ? https.request : http.request
  const outgoing = send(url, { method, headers, signal, agent: false })
  const connecting = setTimeout(
    () =>
      outgoing.destroy(
        new EndpointError(
          `${url.host} did not take the connection in ${request.connectDeadlineMs} ms`,
        ),
      ),
    request.connectDeadlineMs,
  )
  outgoing.once('socket', (socket) => {
    socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () =>
      clearTimeout(connecting),
    )
    socket.setTimeout(request.silenceDeadlineMs, () =>
      outgoing.destroy(
        new EndpointError(`${url.host} was silent for ${request.silenceDeadlineMs} ms`),
      ),
    )
  })
  outgoing.once('response', resolve)
  // It stays: an error between the head and the first read of the body must find a listener.
  const broken: { cause?: Error } = {}
  outgoing.on('error', (error) => {
    broken.cause ??= error
    reject(error)
  })
  outgoing.end(request.body ?? undefined)
  try {
    const response = await promise
    return {
      status: response.statusCode ?? 0,
      retryAfter: response.headers['retry-after'] ?? null,
      pieces: readPieces(response, broken, request),
    }
  } catch (error) {
    throw explain(error, request)
  } finally {
    clearTimeout(connecting)
  }
}

async function* readPieces(
  response: IncomingMessage,
  broken: { cause?: Error },
  request: StreamRequest,
): AsyncGenerator<string> {
  response.setEncoding('utf8')
  try {
    for await (const piece of response) {
      yield piece as string
    }
  } catch (error) {
    throw explain(broken.cause ?? error, request)
  }
}

function explain(error: unknown, { url, signal }: StreamRequest): unknown {
  if (signal.aborted) {
    return signal.reason
  }
  if (error instanceof EndpointError) {
    return error
  }
  const { code, message } = error as NodeJS.ErrnoException
  const reasons: Record<string, string> = {
    ECONNREFUSED: 'refused the connection',
    ENOTFOUND: 'is not a known host',
    ECONNRESET: 'broke the connection',
  }
  return new EndpointError(
    `${url.host} ${(code && reasons[code]) || `could not be reached: ${message}`}`,
    { cause: error },
  )
}

/** A whole short body, such as an error's. */
export async function readBody(
  pieces: AsyncIterable<string>,
  maxLength = errorBodyLength,
): Promise<string> {
  let text = ''
  for await (const piece of pieces) {
    text += piece
    if (text.length >= maxLength) {
      break
    }
  }
  return text.slice(0, maxLength)
}
