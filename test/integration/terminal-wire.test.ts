import { readFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Client } from '../../src/client/index.ts'
import { limits } from '../../src/schema/limits.ts'
import { problemIn, rawRequest } from '../support/raw-request.ts'
import { outcomeOf, RawSocket } from '../support/raw-socket.ts'
import { Onlooker, TerminalStage } from '../support/terminal-stage.ts'
import { waitFor } from '../support/wait-for.ts'

let stage: TerminalStage
beforeAll(async () => {
  stage = await TerminalStage.start()
  await stage.run('guide')
  await stage.run('other')
})
afterAll(async () => stage[Symbol.asyncDispose]())

const place = (name = 'guide', query = ''): string =>
  `${stage.url}/v1/agents/${name}/terminal${query}`
const owner = (): { authorization: string } => ({ authorization: `Bearer ${stage.token}` })
const agentToken = async (name: string): Promise<string> => {
  const { id } = await stage.client.show(name)
  return stage.daemon.context.tokens.tokenOf(id)
}
const openAsOwner = async (name = 'guide', query = ''): Promise<RawSocket> =>
  await RawSocket.open(place(name, query), { headers: owner() })
const attached = async (name: string): Promise<number> => (await stage.client.show(name)).attached

describe('the door', () => {
  test('opens to the owner over both, by the token and by the socket', async () => {
    expect(await outcomeOf(place(), { headers: owner() })).toBe('open')
    const local = { createConnection: () => createConnection(stage.server.address.socket) }
    expect(await outcomeOf('ws://localhost/v1/agents/guide/terminal', local)).toBe('open')
  })

  test.for<[string, () => Record<string, string>]>([
    ['401 unauthorized', () => ({})],
    ['401 unauthorized', () => ({ authorization: 'Bearer wrong' })],
    ['403 forbidden_host', () => ({ ...owner(), host: 'evil.example' })],
    ['403 forbidden_origin', () => ({ ...owner(), origin: 'http://evil.example' })],
    ['403 forbidden_origin', () => ({ ...owner(), origin: 'http://localhost' })],
    ['403 forbidden_origin', () => ({ ...owner(), origin: 'null' })],
    ['open', () => ({ ...owner(), origin: stage.url })],
  ])('says %s', async ([outcome, headers]) => {
    expect(await outcomeOf(place(), { headers: headers() })).toBe(outcome)
  })

  test('refuses what can not be asked before it is a WebSocket', async () => {
    const headers = owner()
    expect(await outcomeOf(place('guide', '?cols=0'), { headers })).toBe('400 invalid_request')
    expect(await outcomeOf(place('guide', '?rows=1001'), { headers })).toBe('400 invalid_request')
    expect(await outcomeOf(`${stage.url}/v1/nothing`, { headers })).toBe('404 route_not_found')
  })

  test('is not on other routes: they answer as ever', async () => {
    const headers = owner()
    const answer = await fetch(`${stage.url}/v1/hosts`, { headers })
    await expect(RawSocket.open(`${stage.url}/v1/hosts`, { headers })).rejects.toMatchObject({
      status: 200,
      problem: await answer.json(),
    })
  })

  test('answers a request that is no WebSocket, and one that offers another protocol', async () => {
    const plain = await rawRequest({
      socketPath: stage.server.address.socket,
      path: '/v1/agents/guide/terminal',
    })
    expect(problemIn(plain)).toMatchObject({ status: 400, details: { field: 'Upgrade' } })
    const offered = await rawRequest({
      socketPath: stage.server.address.socket,
      path: '/healthz',
      headers: { connection: 'Upgrade', upgrade: 'h2c' },
    })
    expect(offered).toMatchObject({ status: 200, text: 'ok\n' })
  })

  test('answers one that does not know how to ask, and says nothing of it in the log', async () => {
    const answer = await rawRequest({
      socketPath: stage.server.address.socket,
      path: '/v1/agents/guide/terminal',
      headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
    })
    expect(answer.status).toBe(400)
    expect(readFileSync(stage.daemon.context.home.logFile, 'utf8')).not.toContain('failed')
  })

  test('tells as a frame what only the agent refuses, and ends', async () => {
    using raw = await openAsOwner('nobody')
    expect((await raw.told('error')).problem.code).toBe('agent_not_found')
    expect(await raw.closed).toBe(1008)
  })
})

describe('an agent with its token', () => {
  test('looks at its own terminal, types nothing, wakes nothing and counts for nobody', async () => {
    const me = new Client({ url: stage.url, token: await agentToken('guide') })
    await using person = await Onlooker.come(stage.client, 'guide')
    await person.told('screen')
    await using self = await Onlooker.come(me, 'guide', { size: { cols: 5, rows: 5 } })
    await self.told('screen')
    expect(self.stream.isReadOnly).toBe(true)
    expect(await attached('guide')).toBe(1)
    self.stream.write('by itself ')
    self.stream.wake()
    expect((await self.told('refused')).error.code).toBe('forbidden')
    person.stream.write('by a person')
    await self.sees('by a person')
    expect(person.text).not.toContain('by itself')
    expect(person.events.some(({ type }) => type === 'resized')).toBe(false)
    me.close()
  })

  test('has no way to another, and makes no tickets', async () => {
    const headers = { authorization: `Bearer ${await agentToken('guide')}` }
    expect(await outcomeOf(place('other'), { headers })).toBe('403 forbidden')
    const me = new Client({ url: stage.url, token: await agentToken('guide') })
    await expect(me.terminalTicket('guide')).rejects.toMatchObject({ code: 'forbidden' })
    me.close()
  })

  test('is out when it is removed', async () => {
    await stage.run('leaving')
    const me = new Client({ url: stage.url, token: await agentToken('leaving') })
    await using self = await Onlooker.come(me, 'leaving')
    await self.told('screen')
    await stage.client.remove('leaving', { force: true, waitSeconds: 20 })
    expect(await self.over).toBeNull()
    me.close()
  })
})

describe('a ticket', () => {
  const ticketOf = async (name = 'guide', readOnly = false): Promise<string> =>
    (await stage.client.terminalTicket(name, { readOnly })).ticket

  test('comes as an address with the ticket where no server is told of it', async () => {
    const { ticket, url, expiresAt } = await stage.client.terminalTicket('guide')
    expect(url).toBe(`${stage.url}/terminal/guide#ticket=${ticket}`)
    expect(expiresAt - Date.now()).toBeGreaterThan(50_000)
    expect(expiresAt - Date.now()).toBeLessThanOrEqual(60_000)
  })

  test('opens once, without a token', async () => {
    const ticket = await ticketOf()
    using raw = await RawSocket.open(place('guide', `?ticket=${ticket}`), { origin: stage.url })
    expect(await raw.told('attached')).toMatchObject({ agent: 'guide', isReadOnly: false })
    expect(await outcomeOf(place('guide', `?ticket=${ticket}`))).toBe('401 unauthorized')
  })

  test('opens no other agent, no other route, and no page of others', async () => {
    expect(await outcomeOf(place('other', `?ticket=${await ticketOf()}`))).toBe('401 unauthorized')
    expect(await outcomeOf(place('guide', '?ticket=wrong'))).toBe('401 unauthorized')
    expect(await outcomeOf(place('guide', '?ticket='))).toBe('401 unauthorized')
    const query = `?ticket=${await ticketOf()}`
    const origin = 'http://evil.example'
    expect(await outcomeOf(place('guide', query), { origin })).toBe('403 forbidden_origin')
    const { port } = new URL(stage.url)
    const elsewhere = await rawRequest({
      host: '127.0.0.1',
      port,
      path: `/v1/agents/guide${query}`,
    })
    expect(elsewhere.status).toBe(401)
  })

  test('for looking lets nobody type, whatever they ask for', async () => {
    const query = `?readOnly=false&ticket=${await ticketOf('guide', true)}`
    using raw = await RawSocket.open(place('guide', query))
    expect(await raw.told('attached')).toMatchObject({ isReadOnly: true })
  })

  test('brings another one with it, by which a page whose connection was lost comes back', async () => {
    await stage.run('returning')
    using first = await RawSocket.open(place('returning', `?ticket=${await ticketOf('returning')}`))
    const { ticket } = await first.told('attached')
    first.socket.terminate()
    await first.closed
    using second = await RawSocket.open(place('returning', `?back=true&ticket=${ticket}`))
    const next = await second.told('attached')
    expect(next.ticket).not.toBe(ticket)
    // Two pages never have the same: who comes by it takes the place of who has it.
    using third = await RawSocket.open(place('returning', `?ticket=${next.ticket}`))
    await third.told('attached')
    expect(await second.closed).toBe(4001)
  })

  test('is not made for an agent that is not there', async () => {
    await expect(stage.client.terminalTicket('nobody')).rejects.toMatchObject({
      code: 'agent_not_found',
    })
  })
})

describe('the page', () => {
  test('is the same for everybody, asks for no token, and runs no script but its own', async () => {
    const [page, other] = await Promise.all([
      fetch(`${stage.url}/terminal/guide`),
      fetch(`${stage.url}/terminal/nobody`),
    ])
    const html = await page.text()
    expect(await other.text()).toBe(html)
    expect(html).not.toMatch(/<script(?![^>]* src="\/web\/)|<[^>]* on\w+=/)
    const policy = page.headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'; script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    const files = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, file]) => file)
    expect(files.length).toBeGreaterThan(2)
    for (const file of files) {
      expect((await fetch(stage.url + file)).status).toBe(200)
    }
  })

  test('has no other files, whatever is asked for', async () => {
    const { port } = new URL(stage.url)
    for (const path of ['/web/', '/web/app.js', '/web/..%2fapi%2fapp.js', '/web/constructor']) {
      const answer = await rawRequest({ host: '127.0.0.1', port, path })
      expect(problemIn(answer).code).toBe('route_not_found')
    }
    const headers = { host: 'evil.example' }
    const elsewhere = await rawRequest({
      host: '127.0.0.1',
      port,
      path: '/terminal/guide',
      headers,
    })
    expect(elsewhere.status).toBe(403)
  })
})

describe('frames', () => {
  test.for<[string, object | string]>([
    ['no JSON', 'hello'],
    ['no request', { type: 'dance' }],
    ['a size of nothing', { type: 'resize', cols: 0, rows: 0 }],
    ['a size too large', { type: 'resize', cols: 1001, rows: 1 }],
    ['unknown fields', { type: 'redraw', now: true }],
    ['more dealt with than was sent', { type: 'ack', bytes: 1_000_000_000 }],
  ])('that are %s end the connection with an error', async ([, frame]) => {
    using raw = await openAsOwner()
    await raw.told('attached')
    raw.send(frame)
    expect((await raw.told('error')).problem.code).toBe('invalid_request')
    expect(await raw.closed).toBe(1008)
  })

  test('that are too large end it', async () => {
    using raw = await openAsOwner()
    await raw.told('attached')
    raw.send(Buffer.alloc(limits.terminal.frameBytes + 1))
    expect(await raw.closed).toBe(1009)
  })

  test('a paste of a megabyte comes through whole', async () => {
    await stage.run('pasted')
    await using person = await Onlooker.come(stage.client, 'pasted')
    await person.told('screen')
    const text = 'äöü 漢字 🙂\n'.repeat(50_000)
    person.stream.write(text)
    await waitFor('all of it', () => person.bytes >= Buffer.byteLength(text))
    expect(person.text).toBe(text)
  })

  test('who acknowledges nothing is sent no more than the bound, and others all of it', async () => {
    await stage.run('flooded')
    const bound = limits.terminal.unacknowledgedBytes
    using slow = await openAsOwner('flooded')
    await slow.told('screen')
    await using other = await Onlooker.come(stage.client, 'flooded')
    await other.told('screen')
    const piece = 'x'.repeat(50_000)
    for (let count = 1; count <= 40; count++) {
      other.stream.write(piece)
      await waitFor('it to come back', () => other.bytes >= count * piece.length)
    }
    expect(slow.bytes).toBeGreaterThan(bound)
    expect(slow.bytes).toBeLessThanOrEqual(bound + piece.length)
    // Once it has dealt with that, the screen brings it up to date.
    const screens = slow.notices.filter(({ type }) => type === 'screen').length
    slow.send({ type: 'ack', bytes: slow.bytes })
    await waitFor(
      'a new screen',
      () => slow.notices.filter(({ type }) => type === 'screen').length > screens,
    )
  })
})

test('the daemon that ends says so to all who are there', async () => {
  await using own = await TerminalStage.start()
  await own.run('guide')
  const person = await Onlooker.come(own.client, 'guide')
  await person.told('screen')
  await own.server.close()
  expect(await person.over).toMatchObject({ code: 'daemon_unreachable' })
})
