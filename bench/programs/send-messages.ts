/**
 * Messages by request over kept-alive connections of one client, many senders at once, to agents in
 * turn. Prints how many were accepted a second.
 * usage: send-messages CLIENT_MODULE SOCKET COUNT SENDERS AGENT...
 */
import type * as Clients from '../../src/client/index.ts'

const [module = '', socket = '', count = '', senders = '', ...agents] = process.argv.slice(2)
const { createClient } = (await import(module)) as typeof Clients
const client = createClient({ socket })
const numbers = Array.from({ length: Number(count) }, (_, number) => number).values()
const begun = performance.now()
await Promise.all(
  Array.from({ length: Number(senders) }, async () => {
    for (const number of numbers) {
      const agent = agents[number % agents.length] ?? ''
      await client.send(agent, { body: `Please look at number ${number}.` })
    }
  }),
)
process.stdout.write(`${(1000 * Number(count)) / (performance.now() - begun)}\n`)
client.close()
