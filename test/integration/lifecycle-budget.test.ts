import { expect, test } from 'vitest'
import { startModelServer } from '../../src/testing/index.ts'
import { problemOf, runDrover } from '../support/cli.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { readEvents } from '../support/events.ts'
import { ScriptedClaude, startWithClaude } from '../support/scripted-claude.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 30 }

test('an agent that has used up its tokens refuses what comes, and no longer wakes', async () => {
  await using model = await startModelServer()
  const openai = { url: `${model.url}/v1`, model: 'scripted' }
  const upstreams = { ollama: { url: 'http://127.0.0.1:9' }, openai }
  await using daemon = await startTestDaemon({
    config: { gateway: { upstreams } },
    isLeftClean: true,
  })
  const { client, env } = daemon
  const made = await client.run(
    { template: 'chat', name: 'a', prompt: 'hello', budget: { tokens: 1 } },
    up,
  )
  expect(made.message).toMatchObject({ state: 'done', reply: 'echo: hello' })
  const { cost } = await client.show('a')
  expect(Number(cost.inputTokens) + Number(cost.outputTokens)).toBeGreaterThanOrEqual(1)
  await expect(client.send('a', { id: 'late', body: 'more' })).rejects.toMatchObject({
    code: 'over_budget',
    row: { status: 409, exit: 4 },
  })
  expect(await client.message('late')).toMatchObject({
    state: 'refused',
    cause: 'the agent has used up its budget',
  })
  for (const args of [
    ['send', 'a', 'hi', '--wait'],
    ['wake', 'a'],
    ['restart', 'a'],
  ]) {
    const refused = await runDrover([...args, '--json'], { env })
    expect(refused.code).toBe(4)
    expect(problemOf(refused).code).toBe('over_budget')
  }
  await client.sleep('a', up)
  expect(await client.show('a')).toMatchObject({ status: 'asleep', turns: 1, run: null })
  expect((await runDrover(['ps'], { env })).stdout).toMatch(/^a +asleep .*used up its budget/m)
  expect(model.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
})

test('the turn that spends the last of it is done; what waits behind it is refused', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a', { budget: { tokens: 100 } }), up)
  const held = await client.send('a', { body: 'hold' })
  const waiting = await client.send('a', { body: 'next' })
  await waitFor('the turn', async () => (await client.message(held.id)).state === 'accepted')
  claude.release('a')
  expect(await client.message(held.id, up)).toMatchObject({ state: 'done' })
  expect(await client.message(waiting.id, up)).toMatchObject({
    state: 'refused',
    cause: 'the agent has used up its budget',
  })
  expect(claude.taken('a')).toEqual(['hold'])
  await daemon.restart()
  await expect(client.send('a', { body: 'more' })).rejects.toMatchObject({ code: 'over_budget' })
  await client.start('a', up)
  await client.new('a', up)
  await client.sleep('a', up)
  expect(claude.starts('a')).toHaveLength(1)
})

test('one that may spend more than it has spent goes on', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a', { prompt: 'one', budget: { tokens: 150, usd: 5 } }), up)
  expect(await client.send('a', { body: 'two' }, up)).toMatchObject({ state: 'done' })
  await expect(client.send('a', { body: 'three' })).rejects.toMatchObject({ code: 'over_budget' })
  await client.sleep('a', up)
})

test('a budget that is raised lets an agent go on, and one that is taken away bounds it no more', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client, env } = daemon
  await client.run(claude.agent('a', { prompt: 'cost 2', budget: { tokens: 100, usd: 1 } }), up)
  await expect(client.send('a', { body: 'two' })).rejects.toMatchObject({ code: 'over_budget' })

  // More of one kind is not enough while the other is used up.
  const raised = await client.costs.setBudget('a', { tokens: 1000 })
  expect(raised.spec.budget).toEqual({ tokens: 1000, usd: 1 })
  await expect(client.send('a', { body: 'two' })).rejects.toMatchObject({ code: 'over_budget' })
  const { stdout } = await runDrover(['budget', 'a', '--usd', '5'], { env })
  expect(stdout).toMatch(/^a {2}idle {2}budget \$5, 1000 tokens; spent \$2\.00, 100 tokens\n$/)
  expect(await client.send('a', { body: 'two' }, up)).toMatchObject({ state: 'done' })

  await daemon.restart()
  expect((await client.show('a')).spec.budget).toEqual({ tokens: 1000, usd: 5 })
  await client.costs.setBudget('a', { tokens: 1 })
  await expect(client.send('a', { body: 'no' })).rejects.toMatchObject({ code: 'over_budget' })
  await runDrover(['budget', 'a', '--no-tokens', '--no-usd'], { env })
  expect(await client.send('a', { body: 'three' }, up)).toMatchObject({ state: 'done' })
  const told = (await readEvents(client, { agent: 'a' })).filter(
    ({ type }) => type === 'agent.budget',
  )
  expect(told.map(({ data }) => data['budget'])).toEqual([
    { tokens: 1000, usd: 1 },
    { tokens: 1000, usd: 5 },
    { tokens: 1, usd: 5 },
    {},
  ])
  await client.sleep('a', up)
})

test('what waits for an agent that may spend no more is refused at once, in the change itself', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a', { prompt: 'one' }), up)
  const held = await client.send('a', { body: 'hold' })
  await waitFor('the turn', async () => (await client.message(held.id)).state === 'accepted')
  const waiting = await client.send('a', { body: 'next' })
  await client.costs.setBudget('a', { tokens: 1 })
  expect(await client.message(waiting.id)).toMatchObject({ state: 'refused' })
  claude.release('a')
  expect(await client.message(held.id, up)).toMatchObject({ state: 'done' })
  await client.sleep('a', up)
})

test.for([
  [{ usd: 0 }, 'usd'],
  [{ usd: -1 }, 'usd'],
  [{ tokens: 1.5 }, 'tokens'],
  [{ tokens: '5' }, 'tokens'],
  [{ euros: 5 }, 'euros'],
] as const)(
  'a budget of %j is refused by its field, and nothing is changed',
  async ([change, field]) => {
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client } = daemon
    const program = ['/bin/sh', '-c', 'cat']
    await client.run({ template: 'command', name: 'a', program, budget: { usd: 1 } }, up)
    await expect(client.costs.setBudget('a', change as object)).rejects.toMatchObject({
      code: 'invalid_request',
      details: { field },
    })
    await expect(client.costs.setBudget('nobody', { usd: 1 })).rejects.toMatchObject({
      code: 'agent_not_found',
    })
    expect((await client.show('a')).spec.budget).toEqual({ usd: 1 })
    await client.sleep('a', up)
  },
)
