import { expect, test } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import { readEvents } from '../support/events.ts'
import { ScriptedClaude, startWithClaude } from '../support/scripted-claude.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 30 }

async function isAsleep(client: Client, name: string): Promise<boolean> {
  return (await client.show(name)).status === 'asleep'
}

/** Its turn is under way, and held. */
async function beginTurn(client: Client, name: string): Promise<string> {
  const { id } = await client.send(name, { body: 'hold' })
  await waitFor('the turn', async () => (await client.message(id)).state === 'accepted')
  return id
}

test('who is idle long enough falls asleep by itself, also under the next daemon, and keeps its session', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a', { prompt: 'one', lifecycle: { idleMs: 300 } }), up)
  await waitFor('it to sleep', async () => await isAsleep(client, 'a'))
  expect(await client.show('a')).toMatchObject({
    run: null,
    cause: null,
    lastRun: { status: 'stopped', cause: 'idle' },
  })
  expect(await client.send('a', { body: 'two' }, up)).toMatchObject({ state: 'done' })
  await daemon.restart()
  await waitFor('it to sleep again', async () => await isAsleep(client, 'a'))
  expect(claude.starts('a').map((start) => start.split(' ')[0])).toEqual(['fresh', 'resumed'])
  const statuses = (await readEvents(client, { agent: 'a' })).filter(
    ({ type }) => type === 'agent.status',
  )
  expect(statuses.at(-1)?.data).toEqual({ status: 'asleep', before: 'stopping' })
})

test('nobody falls asleep in a turn, however long it is', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  const lifecycle = { idleMs: 200, maxAgeMs: 200 }
  await client.run(claude.agent('busy', { lifecycle: { idleMs: 200 } }), up)
  const held = await beginTurn(client, 'busy')
  const { run } = await client.show('busy')
  for (const name of ['first', 'second']) {
    await client.run(claude.agent(name, { prompt: 'one', lifecycle }), up)
    await waitFor(`${name} to sleep`, async () => await isAsleep(client, name))
  }
  expect(await client.show('busy')).toMatchObject({ status: 'working', run })
  claude.release('busy')
  expect(await client.message(held, up)).toMatchObject({ state: 'done', run })
  await waitFor('it to sleep', async () => await isAsleep(client, 'busy'))
})

test('a run that is too old ends when its turn is over, and what waits goes to the next one', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  const lifecycle = { maxAgeMs: 300, idleMs: 0 }
  await client.run(claude.agent('a', { lifecycle }), up)
  const held = await beginTurn(client, 'a')
  await client.run(claude.agent('witness', { prompt: 'one', lifecycle }), up)
  await waitFor('one as old to end', async () => await isAsleep(client, 'witness'))
  expect((await client.show('witness')).lastRun).toMatchObject({
    status: 'stopped',
    cause: 'older than a run may be',
  })
  const { id } = await client.send('a', { body: 'next' })
  expect(await client.show('a')).toMatchObject({ status: 'working', queued: 1 })
  claude.release('a')
  const [first, second] = [await client.message(held, up), await client.message(id, up)]
  expect([first.state, second.state]).toEqual(['done', 'done'])
  expect(second.run).not.toBe(first.run)
  expect(claude.starts('a').map((start) => start.split(' ')[0])).toEqual(['fresh', 'resumed'])
  await waitFor('it to end', async () => await isAsleep(client, 'a'))
})

test('a sleep that is asked for in a turn waits for it, and for what came meanwhile', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a'), up)
  const held = await beginTurn(client, 'a')
  expect(await client.sleep('a')).toMatchObject({ status: 'working' })
  const { id } = await client.send('a', { body: 'one more' })
  const { run } = await client.show('a')
  claude.release('a')
  expect(await client.message(held, up)).toMatchObject({ state: 'done', run })
  expect(await client.message(id, up)).toMatchObject({ state: 'done', run })
  await waitFor('it to sleep', async () => await isAsleep(client, 'a'))
  expect(claude.starts('a')).toHaveLength(1)
  // The wish was met: the next message is answered.
  expect(await client.send('a', { body: 'two' }, up)).toMatchObject({ state: 'done' })
  expect(await client.show('a')).toMatchObject({ status: 'idle' })
  await client.sleep('a', up)
})

test('a sleeping agent that is put to sleep sleeps on; one that is stopped is stopped', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a', { prompt: 'one' }), up)
  await client.sleep('a', up)
  expect(await client.sleep('a', up)).toMatchObject({ status: 'asleep' })
  expect(await client.stop('a', up)).toMatchObject({ status: 'stopped' })
  expect(await client.stop('a', up)).toMatchObject({ status: 'stopped' })
  expect(await client.sleep('a', up)).toMatchObject({ status: 'stopped' })
  expect(claude.starts('a')).toHaveLength(1)
})
