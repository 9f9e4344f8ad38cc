import { once } from 'node:events'
import { request, type IncomingMessage, type RequestOptions } from 'node:http'
import type { Problem } from '../../src/schema/error.ts'

export interface RawAnswer {
  status: number
  headers: IncomingMessage['headers']
  text: string
}

/** One HTTP request with every header and byte as given, which no well-behaved client would send. */
export async function rawRequest(
  options: RequestOptions,
  body?: string | Uint8Array,
): Promise<RawAnswer> {
  const call = request({ agent: false, ...options })
  const { promise: answered, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  call.once('response', resolve)
  // A daemon that has read enough may close its end early; what it answered counts.
  call.on('error', (error) => call.once('close', () => reject(error)))
  call.end(body)
  const answer = await answered
  const chunks: Buffer[] = []
  answer.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(answer, 'close')
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    text: Buffer.concat(chunks).toString(),
  }
}

export function problemIn({ text }: RawAnswer): Problem {
  return JSON.parse(text) as Problem
}
