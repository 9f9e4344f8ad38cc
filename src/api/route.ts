import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context, Hono } from 'hono'
import type { WebSocket } from 'ws'
import type { z } from 'zod'
import { DroverError, isErrorCode } from '../schema/error.ts'
import { limits } from '../schema/limits.ts'
import { checkAccess, type Access, type Caller } from './access.ts'

/** What a request reaches us by. */
export interface Bindings {
  incoming: IncomingMessage
  outgoing: ServerResponse
  /** Came over the unix socket, which only its owner can open. */
  isTrusted: boolean
  /** Came by the agents' door, where nobody is the owner, a page or a visitor. */
  isAgentsDoor?: boolean
  /** Makes a WebSocket of the connection, where that is what was asked for; null: it could not be. Called once. */
  upgrade?: (() => Promise<WebSocket | null>) | undefined
}

/** Types of what a request carries on its way. */
export interface ApiEnvironment {
  Bindings: Bindings
  Variables: { caller: Caller }
}

export type ApiContext = Context<ApiEnvironment>
export type ApiApp = Hono<ApiEnvironment>

/** One route as data: served from it, checked by it, documented from it. */
export interface Route<
  P extends z.ZodType = z.ZodType,
  Q extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** Path with `{name}` parameters. */
  path: string
  summary: string
  /** Left out: the owner's alone. */
  access?: Access
  params?: P
  query?: Q
  body?: B
  /** Its body is no JSON but this; the handler reads it. */
  bodyType?: string
  response: {
    status: 101 | 200 | 201
    description: string
    schema?: z.ZodType
    contentType?: string
  }
}

export interface RouteInput<P, Q, B> {
  params: P
  query: Q
  body: B
  c: ApiContext
}

/** Declares a route; its types follow from its schemas. */
export function defineRoute<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
  route: Route<P, Q, B>,
): Route<P, Q, B> {
  return route
}

/** Serves a route: checks who asks, then the request by its schemas, then calls the handler. */
export function mount<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
  app: ApiApp,
  route: Route<P, Q, B>,
  handler: (input: RouteInput<z.infer<P>, z.infer<Q>, z.infer<B>>) => Response | Promise<Response>,
): void {
  const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1')
  app.on(route.method.toUpperCase(), path, async (c) => {
    checkAccess(c.var.caller, route, c.req.param('name'))
    const params = route.params ? check(route.params, c.req.param()) : undefined
    const query = route.query ? check(route.query, c.req.query()) : undefined
    const body = route.body ? check(route.body, await readJson(c)) : undefined
    return await handler({
      params: params as z.infer<P>,
      query: query as z.infer<Q>,
      body: body as z.infer<B>,
      c,
    })
  })
}

function check<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const result = schema.safeParse(value)
  if (result.success) {
    return result.data
  }
  throw toDroverError(result.error)
}

/** The first problem of a request, by its field; an issue may carry a code of its own. */
export function toDroverError(error: z.ZodError): DroverError {
  const issue = error.issues[0]
  const unknownKey = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const field =
    [...(issue?.path ?? []), ...(unknownKey === undefined ? [] : [unknownKey])].join('.') ||
    'request'
  const own: unknown = issue?.code === 'custom' ? issue.params?.['code'] : undefined
  const code = isErrorCode(own) ? own : field === 'name' ? 'invalid_name' : 'invalid_request'
  const problem = unknownKey === undefined ? describeIssue(issue) : 'is not a known field'
  return new DroverError(code, `${field}: ${problem}.`, { details: { field } })
}

function describeIssue(issue: z.core.$ZodIssue | undefined): string {
  const isMissing = issue?.code === 'invalid_type' && issue.message.endsWith('received undefined')
  return isMissing ? 'is missing' : (issue?.message ?? 'is not valid')
}

async function readJson(c: ApiContext): Promise<unknown> {
  const bytes = await readBytes(c)
  if (!bytes) {
    throw new DroverError(
      'message_too_large',
      `request: is larger than ${limits.requestBytes} bytes.`,
      { details: { field: 'request' } },
    )
  }
  if (bytes.byteLength === 0) {
    return {}
  }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new DroverError('invalid_message', 'request: is not valid UTF-8.', {
      details: { field: 'request' },
      cause: error,
    })
  }
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new DroverError('invalid_request', 'request: is not valid JSON.', {
      details: { field: 'request' },
      cause: error,
    })
  }
}

/** A body that is too large is read up to this and dropped: who is still writing would not see our answer. */
const droppedBytes = 8 * limits.requestBytes

/** The body, read from the connection itself; null when it is too large. */
async function readBytes({ env: { incoming } }: ApiContext): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let size = 0
  await new Promise<void>((resolve, reject) => {
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limits.requestBytes) {
        chunks.push(chunk)
      } else if (size > droppedBytes) {
        incoming.destroy()
        resolve()
      }
    })
    incoming.once('end', resolve)
    incoming.once('error', reject)
    incoming.once('close', () => reject(new Error('the client is gone')))
  })
  if (size > limits.requestBytes) {
    return null
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
}
