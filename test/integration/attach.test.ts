import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import type { Event } from '../../src/schema/event.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents, saidIn } from '../support/events.ts'
import { waitFor } from '../support/wait-for.ts'

const hello = { template: 'hello' }
const up = { waitSeconds: 20 }
const idleMs = 500

let daemon: TestDaemon
beforeAll(async () => {
  daemon = await startTestDaemon({ isLeftClean: true })
})
afterAll(async () => {
  await using ended = daemon
  for (const { name } of await ended.client.list({ all: true })) {
    await ended.client.remove(name, { force: true, ...up })
  }
})

interface Visit extends AsyncDisposable {
  events: Event[]
  /** Resolves when the stream has ended by itself or was left. */
  over: Promise<void>
  leave(): Promise<void>
}

/** Somebody who is with an agent and writes down what happens. */
async function visit(client: Client, name: string, since?: number): Promise<Visit> {
  const controller = new AbortController()
  const stream = client.attach(name, { since, signal: controller.signal })
  await stream.open()
  const events: Event[] = []
  const over = (async () => {
    for await (const event of stream) {
      events.push(event)
    }
  })().catch((error: unknown) => {
    if (!controller.signal.aborted) {
      throw error
    }
  })
  const leave = async (): Promise<void> => {
    controller.abort()
    await over
  }
  return { events, over, leave, [Symbol.asyncDispose]: leave }
}

const attached = async (client: Client, name: string): Promise<number> =>
  (await client.show(name)).attached
const status = async (client: Client, name: string): Promise<string> =>
  (await client.show(name)).status

test('an idle agent stays awake while somebody is attached, and its idle time begins when they leave', async () => {
  const { client } = daemon
  const lifecycle = { idleMs }
  const kept = await client.run({ ...hello, name: 'kept', lifecycle }, up)
  await client.run({ ...hello, name: 'left', lifecycle }, up)
  await using person = await visit(client, 'kept')
  // The other was active last, so when its time is over, the first one's is as well.
  await client.send('left', { body: 'Hello' }, up)
  await waitFor('the other to fall asleep', async () => (await status(client, 'left')) === 'asleep')
  expect(await client.show('kept')).toMatchObject({ status: 'idle', run: kept.run, attached: 1 })
  expect(await client.list()).toMatchObject([
    { name: 'kept', attached: 1 },
    { name: 'left', attached: 0 },
  ])

  await person.leave()
  await waitFor('it to fall asleep', async () => (await status(client, 'kept')) === 'asleep')
  const events = await readEvents(client, { agent: 'kept' })
  const detached = events.find(({ type }) => type === 'agent.detached')
  const stopping = events.find(
    ({ type, data }) => type === 'agent.status' && data['status'] === 'stopping',
  )
  expect(detached?.data).toEqual({ attached: 0 })
  expect((stopping?.at ?? 0) - (detached?.at ?? Infinity)).toBeGreaterThanOrEqual(idleMs)
})

test('a run that is too old ends when the last of those attached has left', async () => {
  const { client } = daemon
  const lifecycle = { maxAgeMs: idleMs, idleMs: 0 }
  const made = await client.run({ ...hello, name: 'aged', lifecycle }, up)
  await client.run({ ...hello, name: 'aged-alone', lifecycle }, up)
  await using first = await visit(client, 'aged')
  await using second = await visit(client, 'aged')
  await waitFor('both to be counted', async () => (await attached(client, 'aged')) === 2)
  await waitFor('the other to end', async () => (await status(client, 'aged-alone')) === 'asleep')
  await first.leave()
  await waitFor('one to be left', async () => (await attached(client, 'aged')) === 1)
  expect(await client.show('aged')).toMatchObject({ status: 'idle', run: made.run })
  await second.leave()
  await waitFor('it to end', async () => (await status(client, 'aged')) === 'asleep')
  const counts = (await readEvents(client, { agent: 'aged' }))
    .filter(({ type }) => type === 'agent.attached' || type === 'agent.detached')
    .map(({ type, data }) => [type, data['attached']])
  expect(counts).toEqual([
    ['agent.attached', 1],
    ['agent.attached', 2],
    ['agent.detached', 1],
    ['agent.detached', 0],
  ])
})

test('attaching to a sleeping agent wakes it with its session, and shows what happens from then on', async () => {
  const { client } = daemon
  await client.run({ ...hello, name: 'sleeper', prompt: 'Hello' }, up)
  const { session } = await client.sleep('sleeper', up)
  expect(session).not.toBeNull()
  await using person = await visit(client, 'sleeper')
  await waitFor('it to be up', async () => (await status(client, 'sleeper')) === 'idle')
  await client.send('sleeper', { body: 'Thank you' }, up)
  await waitFor('its words to come', () => saidIn(person.events).includes('message 2'))
  expect(await client.show('sleeper')).toMatchObject({ session })
  const starting = person.events.find(({ type }) => type === 'run.starting')
  expect(starting?.data).toMatchObject({ isResumed: true })
  expect(saidIn(person.events)).not.toContain('message 1')
  expect(new Set(person.events.map(({ agent }) => agent))).toEqual(new Set(['sleeper']))
})

test('a fresh session that was asked for is what an attached person gets', async () => {
  const { client } = daemon
  await client.run({ ...hello, name: 'renewed', prompt: 'Hello' }, up)
  const { session } = await client.sleep('renewed', up)
  const socket = await fetchOverSocket(`POST /v1/agents/renewed/new`)
  socket.destroy()
  await using _ = await visit(client, 'renewed')
  const { reply } = await client.send('renewed', { body: 'Hello' }, up)
  expect(reply).toContain('message 1')
  expect((await client.show('renewed')).session).not.toBe(session)
})

test('events from before are sent where a number is given', async () => {
  const { client } = daemon
  const { lastSeq } = await client.status()
  await client.run({ ...hello, name: 'told', prompt: 'Hello' }, up)
  await using person = await visit(client, 'told', lastSeq)
  await waitFor('the past to come', () =>
    person.events.some(({ type }) => type === 'agent.attached'),
  )
  expect(person.events[0]).toMatchObject({ type: 'agent.created', agent: 'told' })
  expect(saidIn(person.events)).toContain('message 1')
})

test('a client that is cut off is counted no more', async () => {
  const { client } = daemon
  await client.run({ ...hello, name: 'cut' }, up)
  const socket = await fetchOverSocket('GET /v1/agents/cut/attach')
  await waitFor('it to be counted', async () => (await attached(client, 'cut')) === 1)
  socket.destroy()
  await waitFor('it to be gone', async () => (await attached(client, 'cut')) === 0)
})

test('who is held is not attached to, and nobody is counted', async () => {
  const { client } = daemon
  await client.run({ ...hello, name: 'held' }, up)
  await client.stop('held', up)
  await expect(client.attach('held').open()).rejects.toMatchObject({
    code: 'agent_stopped',
    row: { status: 409, exit: 4 },
  })
  expect(await client.show('held')).toMatchObject({ status: 'stopped', attached: 0 })
  await expect(client.attach('nobody').open()).rejects.toMatchObject({ code: 'agent_not_found' })
})

test('who is put to sleep or stopped by a person goes, though somebody is attached, and they stay', async () => {
  const { client } = daemon
  await client.run({ ...hello, name: 'sent-away' }, up)
  await using person = await visit(client, 'sent-away')
  expect(await client.sleep('sent-away', up)).toMatchObject({ status: 'asleep', attached: 1 })
  expect(await client.stop('sent-away', up)).toMatchObject({ status: 'stopped', attached: 1 })
  expect(await client.start('sent-away', up)).toMatchObject({ status: 'idle', attached: 1 })
  const seen = (): unknown[] =>
    person.events.filter(({ type }) => type === 'agent.status').map(({ data }) => data['status'])
  await waitFor('all to be seen', () => seen().at(-1) === 'idle')
  expect(seen()).toEqual(expect.arrayContaining(['asleep', 'stopped', 'waking', 'idle']))
})

test('the stream ends when the agent is removed', async () => {
  const { client } = daemon
  await client.run({ ...hello, name: 'gone' }, up)
  const person = await visit(client, 'gone')
  await client.remove('gone', { force: true, ...up })
  await person.over
  expect(person.events.at(-1)?.type).toBe('agent.removed')
  // A successor of the same name has no past, and nobody with it.
  const { lastSeq } = await client.status()
  await client.run({ ...hello, name: 'gone' }, up)
  expect(await attached(client, 'gone')).toBe(0)
  await using other = await visit(client, 'gone', 0)
  await waitFor('its past to come', () =>
    other.events.some(({ type }) => type === 'agent.attached'),
  )
  expect(other.events[0]?.type).toBe('agent.created')
  expect(other.events[0]?.seq).toBeGreaterThan(lastSeq)
})

test('the daemon ends the connection when the agent is removed', async () => {
  const { client } = daemon
  await client.run({ ...hello, name: 'gone-too' }, up)
  const socket = await fetchOverSocket('GET /v1/agents/gone-too/attach')
  let text = ''
  socket.setEncoding('utf8').on('data', (piece: string) => (text += piece))
  const ended = Promise.withResolvers<void>()
  socket.once('end', ended.resolve)
  await waitFor('it to be counted', async () => (await attached(client, 'gone-too')) === 1)
  await client.remove('gone-too', { force: true, ...up })
  await ended.promise
  expect(text).toContain('agent.removed')
})

test('a daemon that is killed in between finds those who were attached again, and lets nobody fall asleep for it', async () => {
  await using own = await startTestDaemon({ isLeftClean: true })
  const { client } = own
  const made = await client.run({ ...hello, name: 'survivor', lifecycle: { idleMs } }, up)
  const { lastSeq } = await client.status()
  await using person = await visit(client, 'survivor')
  await client.send('survivor', { body: 'Hello' }, up)
  await own.kill()
  const killedAt = Date.now()
  await waitFor('its idle time to pass', () => Date.now() > killedAt + 2 * idleMs)
  await own.start()
  await waitFor('the person to be back', async () => (await attached(client, 'survivor')) === 1)
  const sent = await client.send('survivor', { body: 'Are you still there?' }, up)
  expect(sent).toMatchObject({ state: 'done', run: made.run })
  await waitFor('its words to come', () => saidIn(person.events).includes('message 2'))
  expect(person.events.filter(({ type }) => type === 'run.ended')).toEqual([])
  const kept = (await readEvents(client, { since: lastSeq, agent: 'survivor' })).slice(
    0,
    person.events.length,
  )
  expect(person.events).toEqual(kept)
  await person.leave()
  await waitFor('it to fall asleep', async () => (await status(client, 'survivor')) === 'asleep')
  await client.remove('survivor', up)
  expectGapless(await readEvents(client))
})

test('who comes back after the daemon was away wakes nobody', async () => {
  await using own = await startTestDaemon({ isLeftClean: true })
  const { client } = own
  await client.run({ ...hello, name: 'resting' }, up)
  await using person = await visit(client, 'resting')
  await client.sleep('resting', up)
  await waitFor('them to see it', () => person.events.at(-1)?.data['status'] === 'asleep')
  await own.restart()
  await waitFor('the person to be back', async () => (await attached(client, 'resting')) === 1)
  expect(await client.show('resting')).toMatchObject({ status: 'asleep', queued: 0 })
  await client.stop('resting', up)
  await own.restart()
  await waitFor('the person to be back', async () => (await attached(client, 'resting')) === 1)
  await client.remove('resting', up)
  await person.over
})

/** Sends a request without a body and leaves its connection open. */
async function fetchOverSocket(request: string): Promise<ReturnType<typeof connect>> {
  const socket = connect(daemon.status.socket)
  socket.write(
    `${request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  )
  await new Promise<void>((resolve, reject) => {
    socket.once('data', () => resolve())
    socket.once('error', reject)
  })
  return socket
}
