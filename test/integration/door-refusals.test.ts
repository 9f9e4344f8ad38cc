import fc from 'fast-check'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { Network } from '../../src/schema/network.ts'
import { DoorStage, endingOf, readAll, readHead } from '../support/door-stage.ts'
import { rawRequest } from '../support/raw-request.ts'

const authorization = `Basic ${Buffer.from('a:token-of-a').toString('base64')}`

const hello = (socket: Socket): void => void socket.end('hello')

/** A stage with a server that says hello, to which `host.example` leads. */
async function stageWithServer(): Promise<{ stage: DoorStage; port: number }> {
  const stage = await DoorStage.open()
  stage.name('host.example', ['127.0.0.1'])
  return { stage, port: await stage.serveRaw(hello) }
}

/** The answer's status and text. */
async function ask(stage: DoorStage, authority: string, id = 'a'): Promise<[number, string]> {
  const { socket, status } = await stage.tunnel(authority, { id })
  return [status, (await readAll(socket)).toString().trim()]
}

describe('an agent is kept from', () => {
  const cases: [string, Network, (port: number) => string, string][] = [
    [
      'every host but upstreams',
      'local',
      (port) => `host.example:${port}`,
      'its network is "local"',
    ],
    ['everything', 'none', (port) => `host.example:${port}`, 'its network is "none"'],
    [
      'a host that is not listed',
      { allow: ['other.example', '*.host.example'] },
      () => 'host.example:443',
      'it is none of the hosts in network.allow',
    ],
    [
      'a port that is not listed',
      { allow: ['host.example:8443'] },
      () => 'host.example:443',
      'network.allow has the host, but not port 443',
    ],
  ]

  test.for(cases)('%s', async ([, network, authority, why]) => {
    const { stage, port } = await stageWithServer()
    await using _ = stage
    stage.agent('a', network)
    const place = authority(port)
    expect(await ask(stage, place)).toEqual([
      403,
      `Drover: name-of-a may not reach ${place}: ${why}.`,
    ])
    const [host, wanted] = place.split(':')
    expect(stage.refusals).toMatchObject([{ agent: { id: 'a' }, host, port: Number(wanted), why }])
    expect(stage.asked).toEqual([])
  })

  const inside = 'an address of this machine or a private network, and is not listed itself'

  test.for([
    '127.0.0.1',
    '169.254.169.254',
    '10.1.2.3',
    '::1',
    '::ffff:127.0.0.1',
    '0.0.0.0',
    'fd00::1',
  ])('%s, to which a listed name leads', async (address) => {
    const { stage, port } = await stageWithServer()
    await using _ = stage
    stage.agent('a', { allow: [`host.example:${port}`] })
    stage.name('host.example', [address])
    const text = `Drover: name-of-a may not reach host.example:${port}: the name leads to ${inside}.`
    expect(await ask(stage, `host.example:${port}`)).toEqual([403, text])
  })

  test("an address of this machine's own, be it public", async () => {
    await using stage = await DoorStage.open({
      isOwnAddress: (address) => address === '203.0.113.7',
    })
    stage.agent('a', { allow: ['host.example'] })
    stage.name('host.example', ['203.0.113.7'])
    expect((await ask(stage, 'host.example:443'))[0]).toBe(403)
  })

  test('an address as such that is not listed, in every form of it', async () => {
    const { stage, port } = await stageWithServer()
    await using _ = stage
    stage.agent('a', 'full')
    const forms = ['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '127.0.0.1.']
    for (const form of forms) {
      expect(await ask(stage, `${form}:${port}`)).toEqual([403, expect.stringContaining(inside)])
    }
    const odd = [
      '0x7f.1',
      '2130706433',
      '0177.0.0.1',
      '127.1',
      '127.0.0.01',
      'u@127.0.0.1',
      '[::1%lo]',
    ]
    for (const form of odd) {
      expect((await ask(stage, `${form}:${port}`))[0]).toBe(400)
    }
    expect(stage.asked).toEqual([])
  })
})

test('a name is resolved once, and what was judged is what is connected to', async () => {
  const { stage, port } = await stageWithServer()
  await using _ = stage
  stage.agent('a', { allow: [`host.example:${port}`, `127.0.0.1:${port}`] })
  // Whoever asked again would be led elsewhere: to nobody, or past the judgement.
  stage.name('host.example', ['127.0.0.1'], ['127.0.0.2'])
  expect(await ask(stage, `host.example:${port}`)).toEqual([200, 'hello'])
  expect(stage.asked).toEqual(['host.example'])
  stage.name('host.example', ['127.0.0.2'], ['127.0.0.1'])
  expect((await ask(stage, `host.example:${port}`))[0]).toBe(403)
})

test('of several addresses only those are connected to that are allowed', async () => {
  const { stage, port } = await stageWithServer()
  await using _ = stage
  stage.agent('a', { allow: [`host.example:${port}`, `127.0.0.1:${port}`] })
  stage.name('host.example', ['127.0.0.2', 'no address', '10.0.0.1', '127.0.0.1'])
  expect(await ask(stage, `host.example:${port}`)).toEqual([200, 'hello'])
})

test('a private address is reached that an upstream of config leads to, at its port only', async () => {
  await using servers = await DoorStage.open()
  const port = await servers.serveRaw(hello)
  await using stage = await DoorStage.open({
    upstreams: { ollama: { url: `http://models.example:${port}/v1` } },
  })
  stage.agent('a', 'local')
  stage.name('models.example', ['127.0.0.1'])
  expect(await ask(stage, `models.example:${port}`)).toEqual([200, 'hello'])
  expect((await ask(stage, 'models.example:443'))[0]).toBe(403)
})

describe('nobody comes in', () => {
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`

  test.for([
    ['without a token', undefined],
    ['by a wrong one', basic('a:token-of-x')],
    ["by another agent's under its own name", basic('a:token-of-b')],
    ["by its own under another's name", basic('b:token-of-a')],
    ['by none under its name', basic('a:')],
    ['by a token without a name', basic('token-of-a')],
    ['by another scheme', 'Bearer token-of-a'],
    ['by what is no base64', 'Basic !!!'],
    ['by a token for the API', basic('a:api-token-of-a')],
  ] as const)('%s', async ([, given]) => {
    const { stage, port } = await stageWithServer()
    await using _ = stage
    stage.agent('a', { allow: [`host.example:${port}`, `127.0.0.1:${port}`] })
    stage.agent('b', 'none')
    const header = given === undefined ? '' : `Proxy-Authorization: ${given}\r\n`
    for (const line of [`CONNECT host.example:${port}`, `GET http://host.example:${port}/`]) {
      const socket = await stage.dial()
      socket.write(`${line} HTTP/1.1\r\nHost: host.example\r\n${header}\r\n`)
      const { status, head } = await readHead(socket)
      expect(status).toBe(407)
      expect(head.toLowerCase()).toContain('proxy-authenticate: basic')
    }
    expect(stage.asked).toEqual([])
    expect(stage.refusals).toEqual([])
  })

  test.for(['/', '/v1/agents', '/metrics', '/upstream/ollama/wrong/api', '*'])(
    'at %s',
    async (path) => {
      await using stage = await DoorStage.open({
        upstreams: { ollama: { url: 'http://127.0.0.1:1' } },
        api: () => (_, response) => response.end('the API'),
      })
      const answer = await rawRequest({ host: '127.0.0.1', port: stage.port, path, method: 'GET' })
      expect([400, 403, 404, 407]).toContain(answer.status)
      expect(answer.text).toMatch(/^(Drover: .*\n)?$/)
    },
  )
})

describe('a door that is open to all of a network', () => {
  test('waits for no head for ever', async () => {
    await using stage = await DoorStage.open({ bounds: { headersMs: 100 } })
    const socket = await stage.dial()
    socket.write('CONNECT host.example:443 HTTP/1.1\r\nX: ')
    expect((await readHead(socket)).status).toBe(408)
  })

  test('takes no head without end', async () => {
    await using stage = await DoorStage.open()
    const socket = await stage.dial()
    socket.write(`GET / HTTP/1.1\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`)
    expect((await readHead(socket)).status).toBe(431)
  })

  test('keeps no connection on which nothing is said', async () => {
    await using stage = await DoorStage.open({ bounds: { idleMs: 50 } })
    const socket = await stage.dial()
    socket.resume()
    await once(socket, 'end')
  })

  test('waits for no resolver for ever, and gives up with a client that is gone', async () => {
    const never = new Promise<never>(() => undefined)
    const resolve = async (): Promise<never> => await never
    await using stage = await DoorStage.open({ resolve, bounds: { connectMs: 50, perAgent: 1 } })
    stage.agent('a', { allow: ['host.example'] })
    expect(await ask(stage, 'host.example:443')).toEqual([
      502,
      'Drover: no address was found for host.example.',
    ])
    const gone = await stage.dial()
    gone.write(`CONNECT host.example:443 HTTP/1.1\r\nProxy-Authorization: ${authorization}\r\n\r\n`)
    gone.resetAndDestroy()
    expect((await ask(stage, 'host.example:443'))[0]).toBe(502)
  })

  test('hears out nonsense of every kind, and goes on', async () => {
    const { stage, port } = await stageWithServer()
    await using _ = stage
    stage.agent('a', { allow: [`host.example:${port}`, `127.0.0.1:${port}`] })
    const word = fc.oneof(
      fc.constantFrom(
        'GET',
        'CONNECT',
        'POST',
        ' ',
        '\r\n',
        '\r\n\r\n',
        'HTTP/1.1',
        'http://',
        ':',
      ),
      fc.constantFrom(
        '/upstream/',
        '/v1/',
        `host.example:${port}`,
        'Content-Length: 5',
        '[::1]',
        '%2e',
      ),
      fc.constant(`Proxy-Authorization: ${authorization}`),
      fc.string({ unit: 'binary', maxLength: 20 }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 12 }), async (words) => {
        const socket = await stage.dial()
        socket.end(words.join(''))
        await endingOf(socket)
      }),
      { numRuns: 100 },
    )
    expect(await ask(stage, `host.example:${port}`)).toEqual([200, 'hello'])
  })

  test('has a bounded number of connections from one address', async () => {
    await using stage = await DoorStage.open({ bounds: { perAddress: 3 } })
    const first = [await stage.dial(), await stage.dial(), await stage.dial()]
    const next = await stage.dial()
    next.resume()
    await Promise.race([endingOf(next), once(next, 'end')])
    first[0]?.end('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect((await readHead(first[0]!)).status).toBe(404)
  })

  test.for([
    'GET http://u:p@host.example/ HTTP/1.1',
    'GET http://0x7f.1/ HTTP/1.1',
    'GET https://host.example/ HTTP/1.1',
    'GET ftp://host.example/ HTTP/1.1',
    'GET http:///x HTTP/1.1',
    'CONNECT host.example HTTP/1.1',
    'CONNECT host.example:0 HTTP/1.1',
  ])('%s is no place', async (line) => {
    const { stage } = await stageWithServer()
    await using _ = stage
    stage.agent('a', { allow: ['host.example'] })
    const socket = await stage.dial()
    const credentials = Buffer.from('a:token-of-a').toString('base64')
    socket.write(`${line}\r\nHost: x\r\nProxy-Authorization: Basic ${credentials}\r\n\r\n`)
    expect((await readHead(socket)).status).toBe(400)
    expect(stage.asked).toEqual([])
  })
})
