import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type RequestOptions,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer } from 'node:https'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { doorEnvironment, doorUpstreams } from '../../src/core/door-environment.ts'
import type { Network } from '../../src/schema/network.ts'
import { DoorStage, readAll } from '../support/door-stage.ts'
import { rawRequest, type RawAnswer } from '../support/raw-request.ts'

const pemFile = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/tls/${name}.pem`, import.meta.url))

/** What a server was asked, and with what body. */
interface Seen {
  request: IncomingMessage
  body: string
}

/** A server that notes what it is asked, and answers so. */
function recorder(answer: RequestListener): { seen: Seen[]; listener: RequestListener } {
  const seen: Seen[] = []
  return {
    seen,
    listener: (request, response) => {
      let body = ''
      request.setEncoding('utf8').on('data', (piece: string) => (body += piece))
      request.once('end', () => {
        seen.push({ request, body })
        answer(request, response)
      })
    },
  }
}

const authorization = `Basic ${Buffer.from('a:token-of-a').toString('base64')}`

/** Asks for a whole address through the door. */
async function proxied(
  stage: DoorStage,
  path: string,
  { headers, body, ...options }: RequestOptions & { body?: string } = {},
): Promise<RawAnswer> {
  return await rawRequest(
    {
      host: '127.0.0.1',
      port: stage.port,
      path,
      headers: { 'proxy-authorization': authorization, ...(headers as Record<string, string>) },
      ...options,
    },
    body,
  )
}

async function stageWith(listener: RequestListener): Promise<{ stage: DoorStage; port: number }> {
  const stage = await DoorStage.open()
  const port = await stage.serve(createServer(listener))
  stage.agent('a', { allow: [`host.example:${port}`, `127.0.0.1:${port}`] })
  stage.name('host.example', ['127.0.0.1'])
  return { stage, port }
}

describe('a request that is sent on', () => {
  test('comes with its method, path, body and headers, but for those of this hop', async () => {
    const { seen, listener } = recorder((_, response) => {
      response.writeHead(
        201,
        'Made',
        [
          ['x-answer', 'one'],
          ['x-answer', 'two'],
          ['connection', 'x-hop'],
          ['x-hop', 'of this hop'],
          ['proxy-authenticate', 'Basic'],
        ].flat(),
      )
      response.end('the answer')
    })
    const { stage, port } = await stageWith(listener)
    await using _ = stage
    const answer = await proxied(stage, `http://HOST.example:${port}/a%20b/../c?d=e`, {
      method: 'POST',
      headers: {
        host: 'elsewhere.example',
        'x-own': 'kept',
        connection: 'x-secret',
        'x-secret': 'of this hop',
        te: 'trailers',
        authorization: 'Bearer for the server',
      },
      body: 'the question',
    })
    expect(answer).toMatchObject({ status: 201, text: 'the answer' })
    expect(answer.headers).toMatchObject({ 'x-answer': 'one, two' })
    expect(answer.headers).not.toHaveProperty('x-hop')
    expect(answer.headers).not.toHaveProperty('proxy-authenticate')
    const { request, body } = seen[0]!
    expect(body).toBe('the question')
    expect(request).toMatchObject({ method: 'POST', url: '/a%20b/../c?d=e' })
    expect(request.headers).toMatchObject({
      host: `host.example:${port}`,
      'x-own': 'kept',
      authorization: 'Bearer for the server',
    })
    for (const name of ['proxy-authorization', 'x-secret', 'te']) {
      expect(request.headers).not.toHaveProperty(name)
    }
  })

  test.for(['GET', 'DELETE', 'POST'])('by %s may have a body in pieces', async (method) => {
    const { seen, listener } = recorder((_, response) => response.end())
    const { stage, port } = await stageWith(listener)
    await using _ = stage
    const headers = { 'transfer-encoding': 'chunked' }
    await proxied(stage, `http://host.example:${port}`, { method, headers, body: 'pieces' })
    expect(seen.map(({ request, body }) => [request.method, request.url, body])).toEqual([
      [method, '/', 'pieces'],
    ])
  })

  test('answers to HEAD, and without a body, as the server does', async () => {
    const { listener } = recorder(({ method }, response) => {
      response.writeHead(method === 'HEAD' ? 200 : 304, { 'content-length': '1234' })
      response.end()
    })
    const { stage, port } = await stageWith(listener)
    await using _ = stage
    const url = `http://host.example:${port}/`
    expect(await proxied(stage, url, { method: 'HEAD' })).toMatchObject({ status: 200, text: '' })
    expect(await proxied(stage, url)).toMatchObject({ status: 304, text: '' })
  })

  test('whose answer breaks off is broken off, not ended', async () => {
    const { stage, port } = await stageWith((_, response) => {
      response.writeHead(200, { 'transfer-encoding': 'chunked' })
      response.write('half', () => response.destroy())
    })
    await using _ = stage
    const socket = await stage.dial()
    socket.write(
      `GET http://host.example:${port}/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization: ${authorization}\r\n\r\n`,
    )
    const text = (await readAll(socket).catch(() => Buffer.alloc(0))).toString()
    expect(text).not.toMatch(/0\r\n\r\n$/)
  })

  test('to a server that does not answer is told why', async () => {
    const { stage, port } = await stageWith((request) => request.socket.destroy())
    await using _ = stage
    expect(await proxied(stage, `http://host.example:${port}/`)).toMatchObject({
      status: 502,
      text: `Drover: host.example:${port} was not reached: ECONNRESET.\n`,
    })
  })

  test('goes no further where its policy does not let it', async () => {
    const { seen, listener } = recorder((_, response) => response.end())
    const { stage, port } = await stageWith(listener)
    await using _ = stage
    const answer = await proxied(stage, `http://other.example:${port}/`, {
      headers: { host: `host.example:${port}` },
    })
    expect(answer.status).toBe(403)
    expect(seen).toEqual([])
    expect(stage.refusals).toMatchObject([{ host: 'other.example', port }])
  })

  test('ends with its client', async () => {
    const { promise: gone, resolve } = Promise.withResolvers<void>()
    const { stage, port } = await stageWith((_, response) => {
      response.once('close', resolve)
      response.write('first')
    })
    await using _ = stage
    const socket = await stage.dial()
    socket.write(
      `GET http://host.example:${port}/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization: ${authorization}\r\n\r\n`,
    )
    await once(socket, 'data')
    socket.destroy()
    await gone
  })
})

describe('a model upstream', () => {
  const network: Network = 'local'

  /** A door with one upstream, and what an agent is told of it. */
  async function stageWithUpstream(
    listener: RequestListener,
    path = '',
  ): Promise<{ stage: DoorStage; url: string }> {
    const server = createServer(listener).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const upstreams = { anthropic: { url: `http://127.0.0.1:${port}${path}` } }
    const stage = await DoorStage.open({ upstreams })
    stage.keep(server)
    stage.agent('a', network)
    const address = { host: '127.0.0.1', port: stage.port }
    const guest = { address, agentId: 'a', token: 'token-of-a', network }
    return { stage, url: doorUpstreams(guest, upstreams).anthropic?.url ?? '' }
  }

  test('is asked with the keys of the agent, below its own path', async () => {
    const { seen, listener } = recorder((_, response) => response.end('{}'))
    const { stage, url } = await stageWithUpstream(listener, '/models/')
    await using _ = stage
    const headers = { 'x-api-key': 'the key of the agent', connection: 'keep-alive' }
    const answer = await fetch(`${url}/v1/messages?beta=true`, {
      method: 'POST',
      headers,
      body: '{}',
    })
    expect([answer.status, await answer.text()]).toEqual([200, '{}'])
    const { request, body } = seen[0]!
    expect(body).toBe('{}')
    expect(request).toMatchObject({ method: 'POST', url: '/models/v1/messages?beta=true' })
    expect(request.headers).toMatchObject({ 'x-api-key': 'the key of the agent' })
    expect(JSON.stringify(request.rawHeaders)).not.toContain('token-of-a')
    const outside = await rawRequest({
      host: '127.0.0.1',
      port: stage.port,
      path: '/upstream/anthropic/token-of-a/models/../admin',
    })
    expect(outside).toMatchObject({
      status: 403,
      text: 'Drover: the path is not one of the upstream anthropic.\n',
    })
    expect(seen).toHaveLength(1)
  })

  test('sends what it has at once, event by event', async () => {
    const responses: ServerResponse[] = []
    const { stage, url } = await stageWithUpstream((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.flushHeaders()
      responses.push(response)
    })
    await using _ = stage
    const answer = await fetch(`${url}/v1/messages`)
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
    for (const text of ['event: one\ndata: {}\n\n', ': a comment\n\n', 'data: zwölf\n\n']) {
      responses[0]!.write(text)
      expect(await reader.read()).toEqual({ done: false, value: text })
    }
    responses[0]!.end()
    expect((await reader.read()).done).toBe(true)
  })

  test('that config does not have is not there, and nobody is let to one without a network', async () => {
    const { stage, url } = await stageWithUpstream((_, response) => response.end())
    await using _ = stage
    const missing = await fetch(url.replace('anthropic', 'openai'))
    expect([missing.status, await missing.text()]).toEqual([
      404,
      'Drover: config.yaml has no upstream openai (gateway.upstreams.openai.url).\n',
    ])
    stage.agent('a', 'none')
    expect((await fetch(url)).status).toBe(403)
  })
})

describe('programs find their way by their environment', () => {
  const run = promisify(execFile)

  async function stageWithBoth(): Promise<{
    stage: DoorStage
    port: number
    tlsPort: number
    env: Record<string, string>
  }> {
    const { stage, port } = await stageWith((_, response) => response.end('plain'))
    const files = { key: readFileSync(pemFile('key')), cert: readFileSync(pemFile('certificate')) }
    const tlsPort = await stage.serve(
      createTlsServer(files, (_, response) => response.end('secure')),
    )
    const hosts = ['host.example', 'www.tls.example', '127.0.0.1']
    const network = { allow: hosts.flatMap((host) => [`${host}:${port}`, `${host}:${tlsPort}`]) }
    stage.agent('a', network)
    stage.name('www.tls.example', ['127.0.0.1'])
    const address = { host: '127.0.0.1', port: stage.port }
    const own = doorEnvironment({ address, agentId: 'a', token: 'token-of-a', network })
    return { stage, port, tlsPort, env: { PATH: process.env['PATH'] ?? '', ...own } }
  }

  test('fetch of Node', async () => {
    const { stage, port, tlsPort, env } = await stageWithBoth()
    await using _ = stage
    const urls = [
      `http://host.example:${port}/`,
      `https://www.tls.example:${tlsPort}/`,
      `http://127.0.0.1:${stage.port}/`,
    ]
    const script = `
      for (const url of ${JSON.stringify(urls)}) {
        const answer = await fetch(url)
        console.log(answer.status, (await answer.text()).trim())
      }`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...env, NODE_EXTRA_CA_CERTS: pemFile('certificate') },
      timeout: 30_000,
    })
    expect(stdout).toBe(
      '200 plain\n200 secure\n404 Drover: this is the door for agents; it has /v1/ and /upstream/, and is a proxy.\n',
    )
    expect(stage.asked.toSorted()).toEqual(['host.example', 'www.tls.example'])
  })

  test('curl', async ({ skip }) => {
    await run('curl', ['--version']).catch(() => skip('there is no curl'))
    const { stage, port, tlsPort, env } = await stageWithBoth()
    await using _ = stage
    const call = async (url: string): Promise<string> => {
      const argv = ['-sS', '--max-time', '20', '--cacert', pemFile('certificate'), url]
      return await run('curl', argv, { env }).then(
        ({ stdout }) => stdout,
        ({ stderr }: { stderr: string }) => stderr,
      )
    }
    expect(await call(`http://host.example:${port}/`)).toBe('plain')
    expect(await call(`https://www.tls.example:${tlsPort}/`)).toBe('secure')
    expect(await call('https://other.example/')).toContain('403')
    expect(await call('http://other.example/')).toBe(
      'Drover: name-of-a may not reach other.example:80: it is none of the hosts in network.allow.\n',
    )
  })
})
