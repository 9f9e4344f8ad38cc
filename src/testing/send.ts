import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Exchange } from './wire-format.ts'

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

/** Refuses a request, with the time to try again where the script gives one. */
export function sendFailure(
  response: ServerResponse,
  { status, retryAfterSeconds }: { status: number; retryAfterSeconds: number | null },
  value: unknown,
): void {
  if (retryAfterSeconds !== null) {
    response.setHeader('retry-after', String(retryAfterSeconds))
  }
  sendJson(response, status, value)
}

/** Begins a stream of Server-Sent Events. */
export function beginEvents({ response, number }: Exchange): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache',
    'request-id': `req_${number}`,
    'x-request-id': `req_${number}`,
  })
}

/** Sends words one by one, with a pause after each; stops early when the client went away. */
export async function sendWords(
  response: ServerResponse,
  { words, gapMs }: { words: readonly string[]; gapMs: number },
  send: (word: string) => void,
): Promise<void> {
  for (const word of words) {
    if (response.destroyed) {
      return
    }
    send(word)
    await sleep(gapMs)
  }
}
