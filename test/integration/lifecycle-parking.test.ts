import { expect, test } from 'vitest'
import { startModelServer } from '../../src/testing/index.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents } from '../support/events.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 30 }

async function startWithModel(url: string): Promise<TestDaemon> {
  return await startTestDaemon({
    config: {
      gateway: {
        upstreams: {
          ollama: { url: 'http://127.0.0.1:9' },
          openai: { url: `${url}/v1`, model: 'scripted' },
        },
      },
    },
    isLeftClean: true,
  })
}

test('an agent out of quota is parked until its endpoint takes requests again, and messages wait', async () => {
  await using model = await startModelServer()
  await using daemon = await startWithModel(model.url)
  const { client } = daemon
  await client.run({ template: 'chat', name: 'a' }, up)
  const refused = await client.send('a', { body: '[[fail:429 4]]' }, up)
  expect(refused).toMatchObject({
    state: 'failed',
    cause: expect.stringContaining('429') as string,
  })
  await waitFor('it to be parked', async () => (await client.show('a')).status === 'parked')
  const { waiting, session } = await client.show('a')
  expect(waiting).toMatchObject({ gate: 'parked', until: expect.any(Number) as number })
  const message = await client.send('a', { body: 'after the reset' })
  expect(message).toMatchObject({ state: 'stored', until: waiting?.until })
  expect(message.cause).toContain('429')
  await expect(client.change('a', 'wake')).rejects.toMatchObject({ code: 'agent_parked' })
  // A daemon that dies meanwhile forgets nothing of it.
  await daemon.restart()
  expect(await client.message(message.id, up)).toMatchObject({
    state: 'done',
    reply: 'echo: after the reset',
    until: null,
  })
  const events = await readEvents(client)
  expectGapless(events)
  const parked = events.find(({ type }) => type === 'agent.parked')
  const woken = events.findLast(({ type }) => type === 'run.starting')
  expect(woken?.at).toBeGreaterThanOrEqual(Number(parked?.data['until']))
  expect(await client.show('a')).toMatchObject({ session, waiting: null })
  await client.sleep('a', up)
})

test('one that opted out of parking goes on', async () => {
  await using model = await startModelServer()
  await using daemon = await startWithModel(model.url)
  const { client } = daemon
  await client.run({ template: 'chat', name: 'a', lifecycle: { parking: false } }, up)
  expect(await client.send('a', { body: '[[fail:429 600]]' }, up)).toMatchObject({
    state: 'failed',
  })
  expect(await client.send('a', { body: 'go on' }, up)).toMatchObject({ state: 'done' })
  await client.sleep('a', up)
})

test('start does not wait for the end of a limit', async () => {
  await using model = await startModelServer()
  await using daemon = await startWithModel(model.url)
  const { client } = daemon
  await client.run({ template: 'chat', name: 'a', prompt: '[[fail:429 600]]' }, up)
  await waitFor('it to be parked', async () => (await client.show('a')).status === 'parked')
  const message = await client.send('a', { body: 'now' })
  await client.change('a', 'start', up)
  expect(await client.message(message.id, up)).toMatchObject({ state: 'done' })
  await client.sleep('a', up)
})

test('a parked agent can be stopped, and gets the fresh session that was asked for when it comes up', async () => {
  await using model = await startModelServer()
  await using daemon = await startWithModel(model.url)
  const { client } = daemon
  await client.run({ template: 'chat', name: 'a', prompt: '[[fail:429 600]]' }, up)
  await waitFor('it to be parked', async () => (await client.show('a')).status === 'parked')
  await waitFor('its run to end', async () => (await client.show('a')).run === null)
  const { session } = await client.show('a')
  expect(await client.new('a', up)).toMatchObject({ status: 'parked', waiting: { gate: 'parked' } })
  expect(await client.stop('a', up)).toMatchObject({
    status: 'stopped',
    waiting: null,
    cause: null,
  })
  await client.start('a', up)
  expect(await client.send('a', { body: 'hello' }, up)).toMatchObject({ state: 'done' })
  expect((await client.sleep('a', up)).session).not.toBe(session)
})
