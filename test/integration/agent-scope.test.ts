import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { routes } from '../../src/api/routes.ts'
import type { Access } from '../../src/api/access.ts'
import type { Route } from '../../src/api/route.ts'
import { Client, type Target } from '../../src/client/index.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { readEvents } from '../support/events.ts'
import { problemIn, rawRequest, type RawAnswer } from '../support/raw-request.ts'
import { snapshotOf } from '../support/snapshot.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 20 }

let daemon: TestDaemon
beforeAll(async () => {
  daemon = await startTestDaemon({ isLeftClean: true })
  await makeAgent('me')
  await makeAgent('peer')
})
afterAll(async () => {
  await using ended = daemon
  for (const { name } of await ended.client.list({ all: true })) {
    await ended.client.remove(name, { force: true, ...up })
  }
})

/** An agent that says its token and then what it is told; gives the token. */
async function makeAgent(name: string, on = daemon): Promise<string> {
  const program = ['/bin/sh', '-c', 'read -r _; echo "$DROVER_TOKEN"; exec cat']
  const { message } = await on.client.run({ template: 'command', name, program, prompt: 'go' }, up)
  return message?.reply ?? ''
}

async function tokenOf(name: string): Promise<string> {
  const [first] = await daemon.client.messages(name)
  return first?.reply ?? ''
}

/** All that was sent is answered, every agent sleeps: what changes now, somebody changed. */
async function bringToRest(): Promise<void> {
  const { client } = daemon
  for (const { name } of await client.list({ all: true })) {
    for (const { id } of await client.messages(name)) {
      await client.message(id, up)
    }
    expect(await client.sleep(name, up)).toMatchObject({ status: 'asleep' })
  }
}

type Door = 'the socket' | 'the port'

function targetOf(door: Door, token: string): Target {
  const { socket, url } = daemon.status
  return door === 'the socket' ? { socket, token } : { url, token }
}

async function ask(
  door: Door,
  options: { method?: string; path: string; headers?: Record<string, string> },
  body?: string,
): Promise<RawAnswer> {
  const place =
    door === 'the socket'
      ? { socketPath: daemon.home.socketFile }
      : { host: '127.0.0.1', port: Number(new URL(daemon.status.url).port) }
  return await rawRequest({ ...place, ...options }, body)
}

interface Case {
  id: string
  method: string
  path: string
  access: Access
  /** The path names another agent than the one that asks. */
  isOfPeer: boolean
}

const cases = Object.entries<Route>(routes).flatMap(([id, route]): Case[] => {
  const { method, path: pattern, access = 'owner' } = route
  const names = pattern.includes('{name}') ? ['me', 'peer'] : ['']
  return names.map((name) => ({
    id,
    method: method.toUpperCase(),
    path: pattern.replace('{name}', name).replace(/\{\w+\}/, 'nothing') + '?follow=false',
    access,
    isOfPeer: name === 'peer',
  }))
})
const isRefused = ({ access, isOfPeer }: Case): boolean =>
  access === 'owner' || ((access === 'agent-self' || access === 'visitor') && isOfPeer)

describe.for<Door>(['the socket', 'the port'])('over %s an agent', (door) => {
  const asMe = async (each: Case): Promise<RawAnswer> => {
    const { method, path: place } = each
    const headers = { authorization: `Bearer ${await tokenOf('me')}` }
    return await ask(door, { method, path: place, headers }, method === 'POST' ? '{}' : undefined)
  }

  test('is refused every route that is not declared for it, and changes nothing by asking', async () => {
    await bringToRest()
    const before = await snapshotOf(daemon)
    const refused = cases.filter(isRefused)
    expect(refused.length).toBeGreaterThan(15)
    for (const each of refused) {
      const answer = await asMe(each)
      const { code, detail, hint } = problemIn(answer)
      expect([each.id, answer.status, code]).toEqual([each.id, 403, 'forbidden'])
      expect(detail).toContain(`${each.method} ${routes[each.id as keyof typeof routes].path}`)
      expect(hint).toContain('An agent may')
    }
    expect(await snapshotOf(daemon)).toEqual(before)
    expect((await daemon.client.status()).pid).toBe(daemon.pid)
  })

  test('is let through to every route that is', async () => {
    const open = cases.filter((each) => !isRefused(each))
    expect(open.length).toBeGreaterThan(8)
    for (const each of open) {
      const answer = await asMe(each)
      const code = answer.status < 400 ? null : problemIn(answer).code
      expect([each.id, answer.status, code]).not.toEqual([each.id, 401, 'unauthorized'])
      expect([each.id, answer.status, code]).not.toEqual([each.id, 403, 'forbidden'])
      expect(code).not.toBe('route_not_found')
    }
  })

  test.for([
    ['a token that is none', () => 'wrong'],
    ['the token of another home', () => `drv_agent_01kb3v7w1qh2m5n8p0r4s7_${'A'.repeat(43)}`],
    ['half of its token', (token: string) => token.slice(0, -1)],
    ['its token and more', (token: string) => `${token}x`],
    ['an empty token', () => ''],
  ] as const)('is nobody with %s', async ([, change]) => {
    const authorization = `Bearer ${change(await tokenOf('me'))}`
    for (const place of ['/v1/agents', '/v1/agents/me', '/v1/status', '/nothing/here']) {
      const answer = await ask(door, { path: place, headers: { authorization } })
      expect([place, answer.status, problemIn(answer).code]).toEqual([place, 401, 'unauthorized'])
    }
    expect((await ask(door, { path: '/healthz', headers: { authorization } })).status).toBe(200)
  })

  test('is told of the others no more than it needs to find them', async () => {
    const me = new Client(targetOf(door, await tokenOf('me')))
    const own = await me.peers({ all: true })
    me.close()
    expect(own.map((each) => Object.keys(each).toSorted())).toEqual(
      own.map(() => ['capabilities', 'label', 'name', 'provider', 'status', 'template']),
    )
    expect(own.map(({ name }) => name)).toEqual(['me', 'peer'])
  })

  test('writes as itself', async () => {
    const me = new Client(targetOf(door, await tokenOf('me')))
    expect(await me.send('peer', { body: 'hello' }, up)).toMatchObject({
      from: 'me',
      state: 'done',
    })
    expect(await me.send('peer', { body: 'again', from: 'me' })).toMatchObject({ from: 'me' })
    for (const from of ['user', 'peer', 'nobody']) {
      await expect(me.send('peer', { body: 'forged', from })).rejects.toMatchObject({
        code: 'forbidden',
        details: { field: 'from' },
      })
    }
    me.close()
    const bodies = (await daemon.client.messages('peer')).map(({ body }) => body)
    expect(bodies).toEqual(expect.arrayContaining(['hello', 'again']))
    expect(bodies).not.toContain('forged')
  })

  test('reads what it sent and what it was sent, and of other messages not even that they are there', async () => {
    const me = new Client(targetOf(door, await tokenOf('me')))
    const sent = await me.send('peer', { body: 'from me' })
    const received = await daemon.client.send('me', { body: 'to me' })
    const foreign = await daemon.client.send('peer', { body: 'between others' })
    expect(await me.message(sent.id)).toMatchObject({ body: 'from me' })
    expect(await me.message(received.id)).toMatchObject({ body: 'to me' })
    for (const id of [foreign.id, 'nothing']) {
      await expect(me.message(id)).rejects.toMatchObject({
        code: 'message_not_found',
        message: `id: there is no message "${id}".`,
      })
    }
    me.close()
  })

  test('follows its own events only', async () => {
    await bringToRest()
    const me = new Client(targetOf(door, await tokenOf('me')))
    const events = await readEvents(me)
    expect(new Set(events.map(({ agent }) => agent))).toEqual(new Set(['me']))
    expect(await readEvents(me, { agent: 'me' })).toEqual(events)
    await expect(readEvents(me, { agent: 'peer' })).rejects.toMatchObject({
      code: 'forbidden',
      details: { field: 'agent' },
    })
    me.close()
  })
})

test('without a token the socket is its owner, as it is with the token of the home', async () => {
  const token = readFileSync(daemon.home.tokenFile, 'utf8').trim()
  const headers = { authorization: `Bearer ${token}` }
  expect((await ask('the socket', { path: '/v1/status' })).status).toBe(200)
  expect((await ask('the socket', { path: '/v1/status', headers })).status).toBe(200)
})

test('its owner may write as anyone, and writes as user where nothing is said', async () => {
  expect(await daemon.client.send('peer', { body: 'x' })).toMatchObject({ from: 'user' })
  expect(await daemon.client.send('peer', { body: 'x', from: 'me' })).toMatchObject({ from: 'me' })
})

test('an id that somebody else used is a conflict, so no answer is read by knowing the question', async () => {
  const me = new Client(targetOf('the socket', await tokenOf('me')))
  await daemon.client.send('peer', { id: 'known', body: 'the question' }, up)
  await expect(me.send('peer', { id: 'known', body: 'the question' })).rejects.toMatchObject({
    code: 'conflict',
  })
  const mine = await me.send('peer', { id: 'mine', body: 'the question' })
  expect((await me.send('peer', { id: 'mine', body: 'the question' })).createdAt).toBe(
    mine.createdAt,
  )
  me.close()
})

test('no agent may have the name that people write under', async () => {
  await expect(
    daemon.client.run({ template: 'command', name: 'user', program: ['/bin/cat'] }),
  ).rejects.toMatchObject({ code: 'name_taken', details: { field: 'name' } })
})

test('a token outlives the daemon, and ends with its agent', async () => {
  await using own = await startTestDaemon({ isLeftClean: true })
  const token = await makeAgent('mortal', own)
  const witness = new Client({ socket: own.status.socket, token: await makeAgent('witness', own) })
  const old = new Client({ socket: own.status.socket, token })
  const secret = await old.send('witness', { body: 'the past' }, up)
  await own.restart()
  expect(await old.show('mortal')).toMatchObject({ name: 'mortal', status: 'idle' })
  expect(await makeAgent('later', own)).not.toBe(token)

  await own.client.remove('mortal', { force: true })
  await expect(old.show('mortal')).rejects.toMatchObject({ code: 'unauthorized' })
  await waitFor('the agent to be gone', async () =>
    (await own.client.list({ all: true })).every(({ name }) => name !== 'mortal'),
  )
  const heir = new Client({ socket: own.status.socket, token: await makeAgent('mortal', own) })
  await expect(old.show('mortal')).rejects.toMatchObject({ code: 'unauthorized' })
  // What was said under its name before is not its own.
  expect(await witness.message(secret.id)).toMatchObject({ from: 'mortal', body: 'the past' })
  await expect(heir.message(secret.id)).rejects.toMatchObject({ code: 'message_not_found' })
  expect((await readEvents(heir)).map(({ type }) => type)).not.toContain('agent.removed')
  expect((await readEvents(own.client, { agent: 'mortal' })).map(({ type }) => type)).toContain(
    'agent.removed',
  )
  for (const client of [witness, old, heir]) {
    client.close()
  }
  for (const { name } of await own.client.list({ all: true })) {
    await own.client.remove(name, { force: true, ...up })
  }
})

test.for<[what: string, follow: (client: Client) => Promise<AsyncIterable<unknown>>]>([
  ['events', async (client) => await client.events().open()],
  ['log', async (client) => await client.logs('leaver', { follow: true, format: 'json' })],
])(
  'what an agent follows of its %s ends when it does, though its name is given again',
  async (each) => {
    const [, follow] = each
    const leaver = new Client(targetOf('the port', await makeAgent('leaver')))
    const followed = await follow(leaver)
    await daemon.client.remove('leaver', { force: true, ...up })
    await makeAgent('leaver')
    await daemon.client.send('leaver', { body: 'not for its forerunner' }, up)
    const pieces: unknown[] = []
    // A stream that is cut off is asked for again, and then refused.
    await expect(
      (async () => {
        for await (const piece of followed) {
          pieces.push(piece instanceof Uint8Array ? Buffer.from(piece).toString() : piece)
        }
        await leaver.show('leaver')
      })(),
    ).rejects.toMatchObject({ code: 'unauthorized' })
    expect(pieces.length).toBeGreaterThan(0)
    expect(JSON.stringify(pieces)).not.toContain('not for its forerunner')
    leaver.close()
    await daemon.client.remove('leaver', { force: true, ...up })
  },
)

test('a token is written nowhere but in what its own program said', async () => {
  await using own = await startTestDaemon({
    config: { log: { level: 'debug' } },
    isLeftClean: true,
  })
  const { client, home } = own
  await client.run({ template: 'command', name: 'silent', program: ['/bin/cat'] }, up)
  const [live] = await own.marked()
  const environment = readFileSync(`/proc/${live?.pid}/environ`, 'utf8').split('\0')
  const token = /^DROVER_TOKEN=(.*)$/m.exec(environment.join('\n'))?.[1] ?? ''
  expect(environment).toContain(`DROVER_SOCKET=${home.socketFile}`)
  const me = new Client({ socket: home.socketFile, token })
  expect(await me.show('silent')).toMatchObject({ name: 'silent' })
  await expect(me.stop('silent')).rejects.toMatchObject({ code: 'forbidden' })
  await expect(me.run({ template: 'command' })).rejects.toMatchObject({ code: 'forbidden' })
  await me.send('silent', { body: 'hello' }, up)
  await me.sleep('silent', up)
  me.close()
  const told = JSON.stringify([
    await client.show('silent'),
    await client.messages('silent'),
    await readEvents(client),
  ])
  expect(told).not.toContain(token)
  await own.kill('SIGTERM')
  const files = readdirSync(home.folder, { recursive: true, encoding: 'utf8' })
    .map((file) => path.join(home.folder, file))
    .filter((file) => statSync(file).isFile())
  expect(files).toEqual(expect.arrayContaining([home.logFile, home.databaseFile]))
  expect(files.filter((file) => readFileSync(file).includes(token))).toEqual([])
  const key = readFileSync(home.agentKeyFile, 'utf8').trim()
  expect(files.filter((file) => readFileSync(file).includes(key))).toEqual([home.agentKeyFile])
})
