import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { limits } from '../../src/schema/limits.ts'
import { problemOf, runDrover } from '../support/cli.ts'
import { expectGapless, readEvents } from '../support/events.ts'
import { ScriptedClaude, startWithClaude } from '../support/scripted-claude.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 30 }

test('an agent that is up is removed only by force, and nothing of it is left', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client, env } = daemon
  await client.run(claude.agent('a'), up)
  const held = await client.send('a', { body: 'hold' })
  await waitFor('the turn', async () => (await client.message(held.id)).state === 'accepted')
  const refused = await runDrover(['rm', 'a', '--json'], { env })
  expect(refused.code).toBe(1)
  expect(problemOf(refused).code).toBe('agent_running')
  expect(await client.show('a')).toMatchObject({ status: 'working' })
  expect(await runDrover(['rm', 'a', '--force'], { env })).toMatchObject({
    code: 0,
    stdout: 'a  removed\n',
  })
  await expect(client.message(held.id)).rejects.toMatchObject({ code: 'message_not_found' })
  expect(await client.list({ all: true })).toEqual([])
  expect(await daemon.marked()).toEqual([])
})

test('verbs on nobody are refused, each by the same name', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  for (const verb of ['wake', 'sleep', 'stop', 'start', 'new', 'restart', 'rm']) {
    const refused = await runDrover([verb, 'nobody', '--json'], { env: daemon.env })
    expect(refused.code).toBe(3)
    expect(problemOf(refused).code).toBe('agent_not_found')
  }
  const sent = await runDrover(['send', 'nobody', 'hello', '--json'], { env: daemon.env })
  expect(sent.code).toBe(3)
})

test('a life that can not be is refused by its field', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  for (const [lifecycle, field, says] of [
    [{ idleMs: -1 }, 'idleMs', 'is less than 0'],
    [{ idleMs: 1e15 }, 'idleMs', 'is longer than 365 days'],
    [{ maxAgeMs: 0.5 }, 'maxAgeMs', 'is no whole number of milliseconds'],
    [{ bootMs: 5 }, 'bootMs', 'is shorter than 100 ms'],
    [{ readyMs: 1e9 }, 'readyMs', 'is longer than 1 day'],
    [{ tries: 0 }, 'tries', 'is less than 1'],
    [{ tries: 101 }, 'tries', 'is more than 100'],
    [{ restart: 'sometimes' }, 'restart', 'never'],
    [{ sleepMs: 1 }, 'sleepMs', 'is not a known field'],
  ] as const) {
    const request = { ...claude.agent('a'), lifecycle } as Parameters<typeof daemon.client.run>[0]
    await expect(daemon.client.run(request), field).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining(says) as string,
      details: { field: `lifecycle.${field}` },
    })
  }
  expect(await daemon.client.list({ all: true })).toEqual([])
})

test('what is wrong in the life of a template is told by its line', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client, home } = daemon
  mkdirSync(home.templatesFolder, { recursive: true })
  const file = path.join(home.templatesFolder, 'odd.yaml')
  writeFileSync(file, 'provider: claude\nlifecycle:\n  idleMs: 1000\n  tries: 0\n')
  await expect(client.run({ template: 'odd' })).rejects.toMatchObject({
    code: 'invalid_template',
    message: expect.stringContaining('odd.yaml:4: lifecycle.tries: is less than 1') as string,
  })
})

test('a wake begins in no other way than it can', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a', { prompt: 'one' }), up)
  await client.sleep('a', up)
  const mode = 'sideways' as 'fresh'
  await expect(client.wake('a', { mode })).rejects.toMatchObject({
    code: 'invalid_request',
    details: { field: 'mode' },
  })
  expect(await client.show('a')).toMatchObject({ status: 'asleep' })
})

test('a message of the largest size is taken whole, one byte more is refused', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a'), up)
  await client.sleep('a', up)
  const body = 'ü'.repeat(limits.messageBytes / 2)
  expect(await client.send('a', { body }, up)).toMatchObject({ state: 'done' })
  expect(claude.taken('a')).toEqual([body])
  await expect(client.send('a', { body: `${body}x` })).rejects.toMatchObject({
    code: 'message_too_large',
    row: { status: 413, exit: 2 },
  })
  await client.sleep('a', up)
})

test('ten thousand messages may wait for a busy agent, in order, also over the death of the daemon', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client, env } = daemon
  await client.run(claude.agent('a'), up)
  const held = await client.send('a', { body: 'hold' })
  await waitFor('the turn', async () => (await client.message(held.id)).state === 'accepted')
  for (let sent = 0; sent < limits.queuedMessages; sent += 100) {
    await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const id = `m${sent + index}`
        await client.send('a', { id, body: id })
      }),
    )
  }
  expect(await client.show('a')).toMatchObject({ status: 'working', queued: limits.queuedMessages })
  const refused = await runDrover(['send', 'a', 'one too many', '--json'], { env })
  expect(refused.code).toBe(4)
  expect(problemOf(refused)).toMatchObject({
    code: 'queue_full',
    retryable: true,
    detail: 'a has 10000 messages waiting.',
  })
  await daemon.restart()
  expect(await client.show('a')).toMatchObject({ status: 'working', queued: limits.queuedMessages })
  claude.release('a')
  expect(await client.message(held.id, up)).toMatchObject({ state: 'done' })
  await waitFor('a hundred to be taken', () => claude.taken('a').length > 100, 40_000)
  await client.stop('a', up)
  const events = await readEvents(client)
  expectGapless(events)
  const stored = events
    .filter(({ type, data }) => type === 'message.state' && data['state'] === 'stored')
    .map(({ data }) => String(data['id']))
  const taken = readFileSync(path.join(claude.dirOf('a'), 'taken'), 'utf8')
    .trimEnd()
    .split('\n')
  expect(taken.slice(1)).toEqual(stored.slice(1, taken.length))
  // What was not begun is refused, none of it is lost.
  expect(await client.show('a')).toMatchObject({ queued: 0 })
  const last = stored.at(-1) ?? ''
  expect(await client.message(last)).toMatchObject({ state: 'refused' })
}, 180_000)
