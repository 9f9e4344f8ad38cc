import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { startModelServer } from '../../src/testing/index.ts'
import type { TestDaemon } from '../support/daemon.ts'
import { readEvents, saidIn } from '../support/events.ts'
import { NetworkNamespace } from '../support/network-namespace.ts'
import { realProgram, requireOrSkip } from '../support/real-programs.ts'
import { waitFor } from '../support/wait-for.ts'
import { startWalledDaemon } from '../support/walled-daemon.ts'

const canWall = process.getuid?.() === 0 && (await NetworkNamespace.isPossible())
const testWalled = requireOrSkip('network-namespaces', canWall, { isOfMachine: true })

const callingAgent = fileURLToPath(new URL('../fixtures/calling-agent.mjs', import.meta.url))

/** Has the agent `a` do something; what came of it. */
async function have({ client }: TestDaemon, what: string): Promise<string> {
  const { lastSeq } = await client.status()
  await client.send('a', { body: what })
  const said = async (): Promise<string> =>
    saidIn(await readEvents(client, { since: lastSeq, agent: 'a' }))
  await waitFor(what, async () => (await said()).includes(' => '))
  return (await said()).split(' => ')[1]?.trim() ?? ''
}

testWalled(
  'an agent in a network of its own gets out by the door, and by nothing else',
  async () => {
    // On an address that is this machine's own, and not what programs think is near them.
    const server = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.2')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await using namespace = await NetworkNamespace.create()
    {
      await using daemon = await startWalledDaemon({
        env: { TEST_DOOR_HOST: namespace.host, TEST_NAMESPACE: namespace.name },
      })
      const program = [process.execPath, callingAgent]
      const network = { allow: [`127.0.0.2:${port}`, `localhost:${port}`] }
      await daemon.client.run(
        { template: 'command', name: 'a', program, network },
        { waitSeconds: 30 },
      )
      expect(await have(daemon, `connect 127.0.0.2 ${port}`)).toBe('failed: ECONNREFUSED')
      expect(await have(daemon, 'connect 203.0.113.7 443')).toBe('failed: ENETUNREACH')
      expect(await have(daemon, `fetch http://127.0.0.2:${port}/`)).toBe('200 hello')
      expect(await have(daemon, 'fetch http://other.example/')).toMatch(
        /^403 Drover: a may not reach other\.example:80: it is none of the hosts/,
      )
      expect(await have(daemon, 'fetch https://other.example/')).toMatch(/^failed: /)
      expect(await have(daemon, 'fetch $DROVER_URL/v1/agents/a DROVER_TOKEN')).toMatch(
        /^200 .*"name":"a"/,
      )
      expect(await have(daemon, 'fetch $DROVER_URL/v1/agents/a')).toMatch(/^403 Drover/)
      await daemon.restart()
      expect(await have(daemon, `fetch http://127.0.0.2:${port}/`)).toBe('200 hello')
    }
    server.close()
  },
)

/** Programs that know nothing of the door but where their model is; `chat` is our own. */
const programs = [
  { name: 'claude', upstream: 'anthropic' },
  { name: 'codex', upstream: 'openai', model: 'scripted' },
  { name: 'opencode', upstream: 'openai', model: 'scripted' },
  { name: 'gemini', upstream: 'gemini', model: 'gemini-2.5-pro' },
  { name: 'chat', upstream: 'openai', model: 'scripted' },
] as const

for (const { name, upstream, ...spec } of programs) {
  const program = name === 'chat' ? null : realProgram(name)
  const isThere = name === 'chat' || program !== null
  const testWith = canWall ? requireOrSkip(name, isThere) : testWalled

  testWith(`${name} in a network of its own has its model, and nothing else`, async () => {
    await using model = await startModelServer()
    await using namespace = await NetworkNamespace.create()
    await using daemon = await startWalledDaemon({
      config: {
        gateway: { upstreams: { [upstream]: { url: model.url } } },
        ...(program === null ? {} : { providers: { [name]: { path: program } } }),
      },
      env: { TEST_DOOR_HOST: namespace.host, TEST_NAMESPACE: namespace.name },
    })
    const request = { template: name, name: 'a', network: 'local' as const, ...spec }
    const { message } = await daemon.client.run(
      { ...request, prompt: 'my word is heron' },
      { waitSeconds: 90 },
    )
    expect(message).toMatchObject({ state: 'done', reply: 'echo: my word is heron' })
  })
}
