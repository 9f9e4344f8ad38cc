import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer, type AddressInfo } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { callCli } from '../fixtures/cli-harness.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { readEvents, readLog } from '../support/events.ts'
import { startWalled, startWalledDaemon } from '../support/walled-daemon.ts'

const pemFile = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/tls/${name}.pem`, import.meta.url))

/** A server on loopback that goes with its scope. */
async function serve(server: Server): Promise<{ port: number } & Disposable> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.dispose]: () => server.close().closeAllConnections(),
  }
}

const hello: RequestListener = (_, response) => void response.end('hello')

describe('an agent finds the door in its environment', () => {
  test('as far as its policy leads', async () => {
    await using daemon = await startWalledDaemon({
      env: { HTTP_PROXY: 'http://of-the-host.example', no_proxy: '*' },
    })
    const full = await startWalled(daemon, 'a', 'full')
    expect(full.env).toMatchObject({
      DROVER_URL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      HTTP_PROXY: 'http://of-the-host.example',
      DROVER_TOKEN: expect.stringMatching(/^drv_/),
    })
    expect(full.env).not.toHaveProperty('DROVER_SOCKET')
    const local = await startWalled(daemon, 'b', 'local')
    const proxy = expect.stringMatching(/^http:\/\/agent_\w+:drd_agent_[\w-]+@127\.0\.0\.1:\d+$/)
    expect(local.env).toMatchObject({
      DROVER_URL: full.env['DROVER_URL'],
      HTTP_PROXY: proxy,
      HTTPS_PROXY: proxy,
      http_proxy: proxy,
      https_proxy: proxy,
      no_proxy: 'localhost,127.0.0.1,::1,127.0.0.1',
      NODE_USE_ENV_PROXY: '1',
    })
    expect(local.env).not.toHaveProperty('DROVER_SOCKET')
    const none = await startWalled(daemon, 'c', 'none')
    for (const name of ['DROVER_URL', 'DROVER_SOCKET', 'HTTPS_PROXY', 'NODE_USE_ENV_PROXY']) {
      expect(none.env).not.toHaveProperty(name)
    }
  })
})

describe('where an agent was kept from', () => {
  test('is in its events, its log and what `drover why` tells, and not more often than is good', async () => {
    await using daemon = await startWalledDaemon()
    const { client } = daemon
    const agent = await startWalled(daemon, 'a', { allow: ['allowed.example'] })
    for (let count = 0; count < 5; count++) {
      expect((await agent.proxied('http://other.example/')).status).toBe(403)
    }
    for (let count = 0; count < 20; count++) {
      await agent.proxied(`http://h${count}.example:8080/`)
    }
    const refused = (await readEvents(client, { agent: 'a' })).filter(
      ({ type }) => type === 'network.refused',
    )
    expect(refused).toHaveLength(10)
    const why = 'it is none of the hosts in network.allow'
    expect(refused[0]).toMatchObject({
      agent: 'a',
      run: expect.stringMatching(/^run_/),
      data: { host: 'other.example', port: 80, why },
    })
    const log = (await readLog(client, 'a')).map(({ stream, text }) => `${stream}: ${text}`)
    expect(log).toContain(`system: kept from other.example:80: ${why}`)
    const told = await client.why('a')
    expect(told.refused?.map(({ host }) => host)).toEqual(
      [19, 18, 17, 16, 15].map((n) => `h${n}.example`),
    )
    const { stdout } = await callCli(['why', 'a'], { home: daemon.home.folder })
    expect(stdout).toMatch(/kept from +h19\.example:8080, \d+ m?s ago: it is none of the hosts/)
    expect((await client.show('a')).spec.network).toEqual({ allow: ['allowed.example'] })
  })
})

describe("Drover's API behind the door", () => {
  test('is for agents by their own token, as far as an agent may', async () => {
    await using daemon = await startWalledDaemon()
    const agent = await startWalled(daemon, 'a', 'local')
    await startWalled(daemon, 'b', 'full')
    const peers = await agent.api('/v1/agents')
    expect(peers.status).toBe(200)
    expect(JSON.parse(peers.text)).toMatchObject([{ name: 'a' }, { name: 'b' }])
    expect(JSON.parse((await agent.api('/v1/agents/a')).text)).toMatchObject({
      spec: { network: 'local' },
    })
    expect((await agent.api('/v1/agents/b')).status).toBe(403)
    const body = JSON.stringify({ body: 'hello' })
    const sent = await agent.api('/v1/agents/b/messages', { method: 'POST', body })
    expect(JSON.parse(sent.text)).toMatchObject({ from: 'a' })
    const made = await agent.api('/v1/agents', { method: 'POST', body: '{"template":"command"}' })
    expect([made.status, JSON.parse(made.text)]).toMatchObject([403, { code: 'forbidden' }])
  })

  test('is for nobody else: not for the owner, a visitor, or a token of another kind', async () => {
    await using daemon = await startWalledDaemon()
    const agent = await startWalled(daemon, 'a', 'local')
    const owner = readFileSync(daemon.home.tokenFile, 'utf8').trim()
    const [, door] = Buffer.from(agent.credentials.slice(6), 'base64').toString().split(':')
    const token = agent.env['DROVER_TOKEN'] ?? ''
    for (const given of [null, '', owner, door, `${token}x`, token.replace('a', 'b')]) {
      const answer = await agent.api('/v1/agents', { token: given })
      expect([answer.status, answer.text]).toEqual([
        403,
        expect.stringMatching(/^Drover: \/v1\/ is for agents/),
      ])
    }
    const ticket = await fetch(`${daemon.status.url}/v1/agents/a/terminal/tickets`, {
      method: 'POST',
      headers: { authorization: `Bearer ${owner}` },
      body: '{}',
    })
    const { ticket: text } = (await ticket.json()) as { ticket?: string }
    const visit = `/v1/agents/a/terminal?ticket=${text ?? 'none'}`
    expect((await agent.api(visit, { token: null })).status).toBe(403)
    for (const open of ['/v1/shutdown', '/v1/doctor', '/metrics', '/healthz', '/']) {
      const method = open === '/v1/shutdown' ? 'POST' : 'GET'
      expect([403, 404]).toContain((await agent.api(open, { method })).status)
    }
    expect((await daemon.client.status()).agents.live).toBe(1)
  })

  test('is where `drover` goes that is called by an agent, without a socket', async () => {
    await using daemon = await startWalledDaemon()
    const { env } = await startWalled(daemon, 'a', 'local')
    const call = { home: '/tmp/drover-no-such-home', overrides: { env } }
    const shown = await callCli(['show', '--json'], call)
    expect(JSON.parse(shown.stdout)).toMatchObject({ name: 'a' })
    expect(await callCli(['stop', 'a'], call)).toMatchObject({ exitCode: 4 })
  })
})

describe('agents that live on', () => {
  test('find the door where it was after the daemon died', async () => {
    using server = await serve(createHttpServer(hello))
    await using daemon = await startWalledDaemon()
    const hosts = [`127.0.0.1:${server.port}`]
    const agent = await startWalled(daemon, 'a', { allow: hosts })
    const url = `http://127.0.0.1:${server.port}/`
    expect(await agent.proxied(url)).toMatchObject({ status: 200, text: 'hello' })
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await daemon.restart(signal)
      expect((await daemon.client.show('a')).status).toBe('idle')
      expect(await agent.proxied(url)).toMatchObject({ status: 200, text: 'hello' })
      expect((await agent.api('/v1/agents/a')).status).toBe(200)
    }
    const other = await startWalled(daemon, 'b', 'full')
    expect(other.door).toEqual(agent.door)
  })

  test('have no door where nobody needs one: it opens with the first', async () => {
    await using daemon = await startWalledDaemon()
    const agent = await startWalled(daemon, 'a', 'local')
    await daemon.client.stop('a', { waitSeconds: 30 })
    await daemon.restart()
    await expect(agent.api('/v1/agents')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await daemon.client.start('a', { waitSeconds: 30 })
    expect((await agent.api('/v1/agents')).status).toBe(200)
  })

  test('whose port another program took are told of, and the daemon goes on', async () => {
    await using daemon = await startWalledDaemon()
    const agent = await startWalled(daemon, 'a', 'local')
    await daemon.kill()
    const squatter = createServer().listen(agent.door.port, '127.0.0.1')
    await once(squatter, 'listening')
    await daemon.start()
    const request = {
      template: 'command',
      name: 'b',
      network: 'local' as const,
      program: ['/bin/cat'],
    }
    const taken = `port ${agent.door.port}, which agents know, is taken by another program`
    await daemon.client.run(request, { waitSeconds: 30 })
    expect((await daemon.client.show('b')).lastRun?.cause).toContain(taken)
    expect(readFileSync(daemon.home.logFile, 'utf8')).toContain('could not be opened again')
    squatter.close()
    await once(squatter, 'close')
    const next = await startWalled(daemon, 'c', 'local')
    expect(next.door).toEqual(agent.door)
    expect((await agent.api('/v1/agents')).status).toBe(200)
  })
})

test('an agent that is removed has no door any more', async () => {
  await using daemon = await startWalledDaemon()
  const agent = await startWalled(daemon, 'a', 'local')
  const { credentials } = agent
  expect((await agent.proxied('http://host.example/')).status).toBe(403)
  await daemon.client.remove('a', { force: true, waitSeconds: 30 })
  expect((await agent.proxied('http://host.example/', credentials)).status).toBe(407)
  expect((await agent.api('/v1/agents')).status).toBe(403)
  const again = await startWalled(daemon, 'a', 'local')
  expect((await again.proxied('http://host.example/', credentials)).status).toBe(407)
})

test('an agent does not come in under the name of another, or by a part of its token', async () => {
  await using daemon = await startWalledDaemon()
  const own = Buffer.from((await startWalled(daemon, 'a', 'local')).credentials.slice(6), 'base64')
  const other = await startWalled(daemon, 'b', 'local')
  const [id = '', token = ''] = own.toString().split(':')
  const ask = async (name: string, given: string): Promise<number> => {
    const basic = `Basic ${Buffer.from(`${name}:${given}`).toString('base64')}`
    return (await other.proxied('http://host.example/', basic)).status
  }
  const otherId = (await daemon.client.show('b')).id
  expect(await ask(id, token)).toBe(403)
  expect(await ask(otherId, token)).toBe(407)
  expect(await ask('a', token)).toBe(407)
  expect(await ask(id, token.slice(0, -1))).toBe(407)
  expect(await ask(otherId, token.replace(id, otherId))).toBe(407)
})

test('an upstream with TLS is trusted by its name', async () => {
  const files = { key: readFileSync(pemFile('key')), cert: readFileSync(pemFile('certificate')) }
  using server = await serve(
    createTlsServer(files, ({ url, headers }, response) => response.end(`${headers.host} ${url}`)),
  )
  await using daemon = await startWalledDaemon({
    config: { gateway: { upstreams: { openai: { url: `https://127.0.0.1:${server.port}/v1` } } } },
    env: { NODE_EXTRA_CA_CERTS: pemFile('certificate') },
  })
  const agent = await startWalled(daemon, 'a', 'local')
  const token = new URL(agent.env['HTTP_PROXY'] ?? '').password
  const answer = await fetch(`${agent.env['DROVER_URL']}/upstream/openai/${token}/v1/models`)
  expect(await answer.text()).toBe(`127.0.0.1:${server.port} /v1/models`)
})

test("a template's policy holds where the request has none, and a bad one is told with its place", async () => {
  await using daemon = await startWalledDaemon()
  const { client, home } = daemon
  mkdirSync(home.templatesFolder, { recursive: true })
  const write = (name: string, network: unknown): void =>
    writeFileSync(
      path.join(home.templatesFolder, `${name}.yaml`),
      JSON.stringify({ provider: 'command', program: ['/bin/cat'], network }),
    )
  write('walled', { allow: ['example.org'] })
  write('odd', { allow: ['example.org/path'] })
  const networkOf = async (name: string): Promise<unknown> => (await client.show(name)).spec.network
  await client.run({ template: 'walled', name: 'a' })
  expect(await networkOf('a')).toEqual({ allow: ['example.org'] })
  await client.run({ template: 'walled', name: 'b', network: 'none' })
  expect(await networkOf('b')).toBe('none')
  await expect(client.run({ template: 'odd' })).rejects.toMatchObject({
    code: 'invalid_template',
    details: { field: 'network.allow.0', line: 1 },
  })
})

describe('a runtime that keeps nobody from the network', () => {
  test.for(['local', 'none', { allow: ['example.org'] }])(
    'refuses %j, naming the field',
    async (network) => {
      await using daemon = await startTestDaemon()
      const request = { template: 'command', name: 'a', program: ['/bin/cat'] }
      await expect(
        daemon.client.run({ ...request, network: network as 'local' }),
      ).rejects.toMatchObject({
        code: 'unsupported',
        details: { field: 'network' },
        message: expect.stringMatching(
          /^network: the process runtime keeps nobody from the network/,
        ),
      })
      expect(await daemon.client.list({ isAll: true } as never)).toEqual([])
      expect((await daemon.client.run({ ...request, network: 'full' })).name).toBe('a')
    },
  )
})
