/**
 * Messages over many kept-alive connections, each with one request under way at a time, to agents in
 * turn. It speaks just enough HTTP, so that it takes little of the machine from whom it asks. Prints
 * how many were accepted a second. usage: send-messages SOCKET COUNT SENDERS AGENT...
 */
import { once } from 'node:events'
import { connect } from 'node:net'

const [path = '', count = '', senders = '', ...agents] = process.argv.slice(2)
const begin = Buffer.from('HTTP/1.1 200 ')
const numbers = Array.from({ length: Number(count) }, (_, number) => number).values()

async function sendAll(): Promise<void> {
  const socket = connect({ path })
  await once(socket, 'connect')
  for (const number of numbers) {
    socket.write(requestText(number))
    let answer: Buffer = Buffer.alloc(0)
    while (!isWhole(answer)) {
      const [chunk] = (await once(socket, 'data')) as [Buffer]
      answer = answer.length === 0 ? chunk : Buffer.concat([answer, chunk])
    }
    if (!answer.subarray(0, begin.length).equals(begin)) {
      throw new Error(`A message was not accepted: ${answer.toString()}`)
    }
  }
  socket.destroy()
}

function requestText(number: number): string {
  const agent = agents[number % agents.length] ?? ''
  const body = JSON.stringify({ body: `Please look at number ${number}.` })
  return `POST /v1/agents/${agent}/messages HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

/** Head and body are here, as long as the head says. */
function isWhole(answer: Buffer): boolean {
  const headBytes = answer.indexOf('\r\n\r\n') + 4
  const bodyBytes = /^content-length: (\d+)\r$/im.exec(answer.toString('latin1', 0, headBytes))?.[1]
  return headBytes >= 4 && bodyBytes !== undefined && answer.length >= headBytes + Number(bodyBytes)
}

const begun = performance.now()
await Promise.all(Array.from({ length: Number(senders) }, sendAll))
process.stdout.write(`${(1000 * Number(count)) / (performance.now() - begun)}\n`)
