import { expect, test } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import { problemOf, runDrover } from '../support/cli.ts'
import { readEvents } from '../support/events.ts'
import { quickConfig, ScriptedClaude, startWithClaude } from '../support/scripted-claude.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 30 }
const oneAtATime = { admission: { ...quickConfig.admission, starts: 1 } }
const tooMuch = { ...quickConfig.admission, freeBytes: 2 ** 50 }

/** A start that is under way until somebody ends it: its program takes no message. */
async function occupy(client: Client, claude: ScriptedClaude): Promise<void> {
  claude.setMode('slow', 'deaf')
  await client.run(claude.agent('slow', { prompt: 'one', lifecycle: { readyMs: 0 } }))
  await waitFor('it to come up', () => claude.starts('slow').length === 1)
}

const waitsFor = (client: Client, name: string, gate: string) => async (): Promise<boolean> =>
  (await client.show(name)).waiting?.gate === gate

async function startedInOrder(client: Client): Promise<(string | null)[]> {
  return (await readEvents(client))
    .filter(({ type }) => type === 'run.starting')
    .map(({ agent }) => agent)
}

test('so many starts are under way at once; others wait in order, and say what for', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude, oneAtATime)
  const { client, env } = daemon
  await occupy(client, claude)
  const made = []
  for (const name of ['b', 'c', 'd']) {
    made.push(await client.run(claude.agent(name, { prompt: `to ${name}` })))
  }
  expect(made[0]).toMatchObject({
    status: 'waking',
    run: null,
    waiting: { gate: 'admission', cause: '1 of 1 starts are under way', until: null },
    message: { state: 'stored', cause: '1 of 1 starts are under way' },
  })
  expect((await runDrover(['ps'], { env })).stdout).toMatch(/^c +waking .*1 of 1 starts/m)
  const late = await runDrover(['wake', 'c', '--timeout', '500ms'], { env })
  expect(late).toMatchObject({
    code: 6,
    stderr: expect.stringContaining('still waking after 0.5 s: 1 of 1 starts') as string,
  })
  await client.stop('slow', up)
  for (const { message, name } of made) {
    expect(await client.message(String(message?.id), up)).toMatchObject({
      state: 'done',
      reply: `echo: to ${name}`,
    })
  }
  expect(await startedInOrder(client)).toEqual(['slow', 'b', 'c', 'd'])
  for (const { name } of made) {
    await client.sleep(name, up)
  }
})

test('who waits can be stopped and removed, and those behind it are not held up', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude, oneAtATime)
  const { client } = daemon
  await occupy(client, claude)
  const stopped = await client.run(claude.agent('stopped', { prompt: 'one' }))
  await client.run(claude.agent('removed', { prompt: 'one' }))
  await client.run(claude.agent('slept'))
  const last = await client.run(claude.agent('last', { prompt: 'one' }))
  await waitFor('the last to wait', waitsFor(client, 'last', 'admission'))
  expect(await client.stop('stopped', up)).toMatchObject({ status: 'stopped', waiting: null })
  expect(await client.message(String(stopped.message?.id))).toMatchObject({ state: 'refused' })
  await client.remove('removed', up)
  expect(await client.sleep('slept', up)).toMatchObject({ status: 'asleep', waiting: null })
  await client.stop('slow', up)
  expect(await client.message(String(last.message?.id), up)).toMatchObject({ state: 'done' })
  expect(await startedInOrder(client)).toEqual(['slow', 'last'])
  await client.sleep('last', up)
})

test('who waited when the daemon died comes up under the next one, in order', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude, oneAtATime)
  const { client } = daemon
  await occupy(client, claude)
  const made = []
  for (const name of ['b', 'c', 'd']) {
    made.push(await client.run(claude.agent(name, { prompt: `to ${name}` })))
  }
  await waitFor('the last to wait', waitsFor(client, 'd', 'admission'))
  await daemon.restart()
  for (const { message } of made) {
    expect(await client.message(String(message?.id), up)).toMatchObject({ state: 'done' })
  }
  expect(await startedInOrder(client)).toEqual(['slow', 'b', 'c', 'd'])
  await client.stop('slow', up)
  for (const { name } of made) {
    await client.sleep(name, up)
  }
})

test('a start waits while the machine is short of memory, and says how much', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude, { admission: tooMuch })
  const { client } = daemon
  const { message } = await client.run(claude.agent('a', { prompt: 'one' }))
  expect(message).toMatchObject({
    state: 'stored',
    cause: expect.stringMatching(/^\d+ MB of memory are free, 1073741824 MB are needed$/) as string,
  })
  expect(await client.show('a')).toMatchObject({ status: 'waking', run: null, queued: 1 })
  const waiting = (await readEvents(client)).find(({ type }) => type === 'agent.waiting')
  expect(waiting?.data).toMatchObject({ gate: 'admission', until: null })
  await client.remove('a', up)
})

test('a start that waited too long fails with its reason, and can be asked for again', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude, { admission: { ...tooMuch, maxWaitMs: 300 } })
  const { client, env } = daemon
  const cause = /^it waited too long for the machine: \d+ MB of memory are free/
  const { message } = await client.run(claude.agent('a', { prompt: 'one' }), up)
  expect(message).toMatchObject({
    state: 'failed',
    cause: expect.stringMatching(cause) as string,
  })
  expect(await client.show('a')).toMatchObject({
    status: 'asleep',
    waiting: null,
    cause: expect.stringMatching(cause) as string,
  })
  const woken = await runDrover(['wake', 'a', '--json'], { env })
  expect(woken.code).toBe(1)
  expect(problemOf(woken)).toMatchObject({
    code: 'start_failed',
    detail: expect.stringContaining('it waited too long for the machine') as string,
  })
  expect(claude.starts('a')).toEqual([])
})
