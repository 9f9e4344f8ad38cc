/**
 * The typed client: makes an agent, writes to it so that a retry can't say it twice, and follows the
 * events from a number on.
 *
 * usage: node examples/client.ts      needs a daemon: drover up --detach
 *
 * In a program of your own, `npm install drover` and the same imports.
 */
import { homedir } from 'node:os'
import path from 'node:path'
import { createClient, DroverError } from 'drover'

const folder = process.env['DROVER_HOME'] ?? path.join(homedir(), '.local', 'state', 'drover')
const client = createClient({ socket: path.join(folder, 'drover.sock') })

try {
  // Only what happens from here on is of interest.
  const { lastSeq } = await client.status()

  // The same request id twice is the same agent, so the script can be run again.
  const agent = await client.run({ template: 'hello', name: 'guide', requestId: 'example-guide' })
  console.log(`${agent.name} runs with ${agent.provider}`)

  // The id is the idempotency key: sent twice, it is stored, delivered and answered once.
  const id = `question-${agent.id}`
  await client.send('guide', { id, body: 'What is Drover?' })
  await client.send('guide', { id, body: 'What is Drover?' })

  // From a number on, nothing is missed and nothing comes twice, also over a restart of the daemon.
  for await (const event of client.events({ since: lastSeq, agent: 'guide' })) {
    if (event.type === 'text') {
      process.stdout.write(String(event.data['text']))
    } else if (event.type === 'message.state' && event.data['state'] === 'done') {
      console.log(`\n${id} is done, event ${event.seq}`)
      break
    }
  }
  await client.sleep('guide', { waitSeconds: 30 })
} catch (error) {
  // Every failure has a code of the table in docs/troubleshooting.md, and a way out.
  if (!(error instanceof DroverError)) {
    throw error
  }
  console.error(`${error.code}: ${error.message} ${error.row.hint}`)
  process.exitCode = error.row.exit
} finally {
  client.close()
}
