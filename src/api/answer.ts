import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { ApiContext } from './route.ts'

/**
 * Answers with JSON, straight to the connection: to make a web Response of it and take that apart
 * again costs more than all else of a small request.
 */
export function answerJson(c: ApiContext, value: unknown, status: 200 | 201 = 200): Response {
  const body = JSON.stringify(value)
  c.env.outgoing.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  })
  c.env.outgoing.end(body)
  return RESPONSE_ALREADY_SENT
}
