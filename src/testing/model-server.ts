import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { anthropicMessages } from './anthropic-messages.ts'
import { geminiContent } from './gemini-content.ts'
import { openaiChat } from './openai-chat.ts'
import { openaiResponses } from './openai-responses.ts'
import { planAnswer } from './script.ts'
import { sendJson } from './send.ts'
import { isObject, type JsonObject, type WireFormat } from './wire-format.ts'

/** Every API the scripted model speaks; a new one is a file and a line here. */
const wireFormats: readonly WireFormat[] = [
  anthropicMessages,
  openaiChat,
  openaiResponses,
  geminiContent,
]

/** A request as it came; `isAborted` turns true when the client went away before the end. */
export interface RecordedRequest {
  /** Unix milliseconds. */
  at: number
  method: string
  path: string
  headers: Readonly<Record<string, string | string[] | undefined>>
  body: JsonObject
  isAborted: boolean
}

export interface ModelServer {
  /** `http://127.0.0.1:PORT`; give it to OpenAI clients with `/v1`, to Anthropic clients as it is. */
  readonly url: string
  /** Everything asked so far, oldest first. */
  readonly requests: readonly RecordedRequest[]
  /** Ends it and every open answer. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export interface ModelServerOptions {
  /** Loopback port; left out, or 0: any free one. */
  port?: number
  /** Called with each request. */
  log?: (request: RecordedRequest) => void
}

/** Starts a scripted model server on loopback: no model behind it, the script stands in the prompt (see `script.ts`). */
export async function startModelServer({
  port = 0,
  log,
}: ModelServerOptions = {}): Promise<ModelServer> {
  const requests: RecordedRequest[] = []
  const server = createServer((incoming, response) => {
    serve(incoming, response, { requests, log }).catch((error: unknown) => {
      if (response.headersSent) {
        response.destroy()
      } else {
        sendJson(response, 500, { error: { message: String(error) } })
      }
    })
  })
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, '127.0.0.1', resolve)
  await listening
  const close = async () => {
    const { promise: closed, resolve: done } = Promise.withResolvers<void>()
    server.close(() => done())
    server.closeAllConnections()
    await closed
  }
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, requests, close, [Symbol.asyncDispose]: close }
}

interface Recorder {
  requests: RecordedRequest[]
  log: ModelServerOptions['log']
}

async function serve(
  incoming: IncomingMessage,
  response: ServerResponse,
  { requests, log }: Recorder,
): Promise<void> {
  const path = (incoming.url ?? '/').split('?', 1)[0] ?? '/'
  const body = parseBody(await readBody(incoming))
  const { method = 'GET', headers } = incoming
  const request: RecordedRequest = { at: Date.now(), method, path, headers, body, isAborted: false }
  const number = requests.push(request)
  response.once('close', () => (request.isAborted = !response.writableFinished))
  log?.(request)
  const format =
    method === 'POST' ? wireFormats.find((candidate) => candidate.matches(path)) : undefined
  if (!format) {
    answerOther(path, response)
    return
  }
  const exchange = { number, path, body, response }
  if (!format.answerAside?.(exchange)) {
    await format.sendAnswer(planAnswer(format.readPrompt(body, path)), exchange)
  }
}

/** Clients ask for the list of models, and whether anybody is there. */
function answerOther(path: string, response: ServerResponse): void {
  if (path.endsWith('/models')) {
    const data = [{ id: 'scripted-model', object: 'model', created: 0, owned_by: 'drover' }]
    sendJson(response, 200, { object: 'list', data })
  } else if (path === '/') {
    sendJson(response, 200, { ok: true })
  } else {
    sendJson(response, 404, { error: { type: 'not_found_error', message: `nothing at ${path}` } })
  }
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) {
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseBody(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}
