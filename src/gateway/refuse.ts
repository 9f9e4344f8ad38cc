import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

// An ES import of this module loads all it could ever need; this way it loads what is used.
const { STATUS_CODES } = process.getBuiltinModule('node:http')

/** An answer in one line. */
export interface Refusal {
  status: 400 | 403 | 404 | 407 | 429 | 502 | 503
  text: string
}

/** How long a client may take to read why it was refused, ms. */
const farewellMs = 2000

/** Answers a request; one whose answer has begun is cut off. */
export function refuse(response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(refusal.status, headersOf(refusal))
  response.end(`${refusal.text}\n`)
}

/** Answers on a connection that was to become a tunnel. */
export function refuseTunnel(socket: Socket, refusal: Refusal): void {
  const lines = Object.entries(headersOf(refusal)).map(([name, value]) => `${name}: ${value}`)
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`,
    ...lines,
    '',
    '',
  ].join('\r\n')
  socket.end(`${head}${refusal.text}\n`)
  // What was on its way to us would make the system reset the connection before it is read.
  socket.resume()
  socket.setTimeout(farewellMs, () => socket.destroy())
}

function headersOf({ status, text }: Refusal): Record<string, string> {
  return {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': String(Buffer.byteLength(`${text}\n`)),
    connection: 'close',
    ...(status === 407 ? { 'proxy-authenticate': 'Basic realm="drover"' } : {}),
  }
}
