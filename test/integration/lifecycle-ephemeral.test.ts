import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { problemOf, runDrover } from '../support/cli.ts'
import { expectGapless, readEvents } from '../support/events.ts'
import { quickConfig, ScriptedClaude, startWithClaude } from '../support/scripted-claude.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 30 }
const ephemeral = true
const oneAtATime = { admission: { ...quickConfig.admission, ephemeral: 1 } }

test('an ephemeral agent lives for its task: the reply is printed, the agent is gone, the answer stays', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client, env, home } = daemon
  const { dir } = claude.agent('helper')
  const argv = ['run', 'claude', 'do it', '--ephemeral', '--dir', String(dir), '--wait']
  expect(await runDrover([...argv, '--name', 'helper'], { env })).toMatchObject({
    code: 0,
    stdout: 'echo: do it\n',
  })
  const json = await runDrover([...argv, '--request-id', 'task-1', '--json'], { env })
  expect(JSON.parse(json.stdout)).toMatchObject({ receipt: 'done', reply: 'echo: do it' })
  await waitFor('them to go', async () => (await client.list({ all: true })).length === 0)
  expect(readdirSync(home.agentsFolder)).toEqual([])
  const { message, ...made } = JSON.parse(json.stdout) as Awaited<ReturnType<typeof client.run>>
  await daemon.restart()
  expect(await client.message(String(message?.id))).toMatchObject({
    state: 'done',
    reply: 'echo: do it',
    agent: made.name,
  })
  // The same request again is the same task, though its agent is gone.
  const again = await client.run(
    { template: 'claude', prompt: 'do it', ephemeral, requestId: 'task-1' },
    up,
  )
  expect(again).toMatchObject({ id: made.id, message: { id: message?.id, reply: 'echo: do it' } })
  expect(claude.taken('helper')).toEqual(['do it', 'do it'])
  expectGapless(await readEvents(client))
})

test('a request that waits for the task of an ephemeral agent is answered with its end', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  const made = await Promise.all(
    ['one', 'two', 'three'].map(
      async (name) => await client.run(claude.agent(name, { prompt: `to ${name}`, ephemeral }), up),
    ),
  )
  expect(made.map(({ name, message }) => [name, message?.state, message?.reply])).toEqual([
    ['one', 'done', 'echo: to one'],
    ['two', 'done', 'echo: to two'],
    ['three', 'done', 'echo: to three'],
  ])
  await waitFor('them to go', async () => (await client.list({ all: true })).length === 0)
})

test('one whose task failed stays, with the cause, and is at rest', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client, env } = daemon
  for (const [name, prompt, cause] of [
    ['crashed', 'crash', 'crashed'],
    ['failed', 'fail 400', 'no luck'],
    ['poisoned', 'poison', 'poisoned'],
  ] as const) {
    const { message } = await client.run(claude.agent(name, { prompt, ephemeral }), up)
    expect(message?.state).toBe(name === 'poisoned' ? 'dead' : 'failed')
    await waitFor('it to rest', async () => (await client.show(name)).run === null)
    const shown = await client.show(name)
    expect(shown).toMatchObject({ isEphemeral: true, run: null, waiting: null })
    expect(shown.cause).toContain(cause)
    const listed = await runDrover(['ps', '-a'], { env })
    expect(listed.stdout).toMatch(new RegExp(`^${name} .*${cause}`, 'm'))
    await client.remove(name, up)
  }
})

test('a task whose model failed keeps its agent with the cause of that', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  const { message } = await client.run(claude.agent('a', { prompt: 'refuse', ephemeral }), up)
  expect(message).toMatchObject({ state: 'failed', cause: 'refused to' })
  await waitFor('it to rest', async () => (await client.show('a')).run === null)
  expect(await client.show('a')).toMatchObject({
    status: 'asleep',
    cause: 'its task failed: refused to',
  })
})

test('one whose task failed does not come back for nothing, but for what it is written', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  const lifecycle = { restart: 'always' } as const
  await client.run(claude.agent('a', { prompt: 'crash', ephemeral, lifecycle }), up)
  await waitFor('it to rest', async () => (await client.show('a')).status === 'asleep')
  expect(await client.start('a', up)).toMatchObject({ status: 'asleep' })
  expect(claude.starts('a')).toHaveLength(1)
  const types = (await readEvents(client)).map(({ type }) => type)
  expect(types).not.toContain('agent.restarting')
  expect(await client.send('a', { body: 'what went wrong?' }, up)).toMatchObject({ state: 'done' })
  await waitFor('it to rest', async () => (await client.show('a')).status === 'asleep')
  expect(claude.starts('a')).toHaveLength(2)
})

test('only so many are at work; others queue in order, also over the death of the daemon', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude, oneAtATime)
  const { client, env } = daemon
  const names = ['one', 'two', 'three', 'four']
  const ids: string[] = []
  for (const name of names) {
    const { message } = await client.run(claude.agent(name, { prompt: 'hold', ephemeral }))
    ids.push(String(message?.id))
  }
  await waitFor('the first to work', () => claude.taken('one').length === 1)
  const cause = '1 of 1 ephemeral agents are at work'
  expect(await client.show('three')).toMatchObject({
    status: 'waking',
    waiting: { gate: 'queue', cause, until: null },
  })
  expect(await client.message(String(ids[2]))).toMatchObject({ state: 'stored', cause })
  expect((await runDrover(['ps'], { env })).stdout).toMatch(/^four +waking .*1 of 1 ephemeral/m)
  // Other agents do not stand in this line.
  const other = await client.run(claude.agent('other', { prompt: 'hello' }), up)
  expect(other.message).toMatchObject({ state: 'done' })
  await daemon.restart()
  expect(await client.show('two')).toMatchObject({ status: 'waking', run: null })
  claude.release('one')
  await waitFor('the next to work', () => claude.taken('two').length === 1)
  expect(claude.taken('three')).toEqual([])
  await daemon.restart()
  for (const name of names.slice(1)) {
    claude.release(name)
  }
  for (const id of ids) {
    expect(await client.message(id, up)).toMatchObject({ state: 'done' })
  }
  const started = (await readEvents(client))
    .filter(({ type, agent }) => type === 'run.starting' && agent !== 'other')
    .map(({ agent }) => agent)
  expect(started).toEqual(names)
  await client.sleep('other', up)
})

test('who stands in line can be stopped, started and removed, and the others go on', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude, oneAtATime)
  const { client } = daemon
  const ids: Record<string, string> = {}
  for (const name of ['one', 'two', 'three', 'four']) {
    const { message } = await client.run(claude.agent(name, { prompt: 'hold', ephemeral }))
    ids[name] = String(message?.id)
    claude.release(name === 'one' ? 'nobody' : name)
  }
  await waitFor('the first to work', () => claude.taken('one').length === 1)
  expect(await client.stop('two', up)).toMatchObject({ status: 'stopped', waiting: null })
  await client.remove('three', up)
  claude.release('one')
  expect(await client.message(String(ids['four']), up)).toMatchObject({ state: 'done' })
  expect(await client.message(String(ids['two']))).toMatchObject({ state: 'refused' })
  await waitFor('all but the stopped one to go', async () => {
    const left = await client.list({ all: true })
    return left.length === 1 && left[0]?.name === 'two'
  })
  await client.remove('two', up)
})

test('an ephemeral agent needs its task', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const refused = await runDrover(['run', 'claude', '--ephemeral', '--json'], daemon)
  expect(refused.code).toBe(2)
  expect(problemOf(refused)).toMatchObject({
    code: 'invalid_request',
    details: { field: 'prompt' },
  })
  expect(await daemon.client.list({ all: true })).toEqual([])
})
