import { expect, test } from 'vitest'
import { startModelServer } from '../../src/testing/index.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents, saidIn } from '../support/events.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 30 }

test('the first agent answers with the practice model where there is no other, sleeps, and goes on in its session', async () => {
  await using daemon = await startTestDaemon({
    config: { gateway: { upstreams: { ollama: { url: 'http://127.0.0.1:9' } } } },
    isLeftClean: true,
  })
  const { client } = daemon
  const first = await client.run({ template: 'hello', name: 'hello', prompt: 'Hello!' }, up)
  expect(first.message).toMatchObject({
    state: 'done',
    reply: expect.stringContaining('practice model') as string,
  })
  const { session } = await client.sleep('hello', up)
  expect(session).not.toBeNull()
  const second = await client.send('hello', { body: 'And again?' }, up)
  expect(second).toMatchObject({ state: 'done', reply: expect.stringMatching(/./) as string })
  expect(await client.show('hello')).toMatchObject({ session, turns: 2 })
  await client.stop('hello', up)
  const events = await readEvents(client)
  expectGapless(events)
  expect(saidIn(events)).toContain(String(first.message?.reply))
})

test('an agent on a model of its own streams, uses its tools, counts its tokens, and remembers over a sleep', async () => {
  await using model = await startModelServer()
  await using daemon = await startTestDaemon({
    config: {
      gateway: {
        upstreams: {
          ollama: { url: 'http://127.0.0.1:9' },
          openai: { url: `${model.url}/v1`, model: 'scripted' },
        },
      },
    },
    isLeftClean: true,
  })
  const { client } = daemon
  await client.run({ template: 'assistant', name: 'a', approvals: { mode: 'allow' } }, up)
  expect(await client.send('a', { body: 'my word is heron' }, up)).toMatchObject({
    state: 'done',
    reply: 'echo: my word is heron',
  })
  expect(await client.send('a', { body: '[[bash:echo from the shell]]' }, up)).toMatchObject({
    state: 'done',
    reply: expect.stringContaining('from the shell') as string,
  })
  const before = await client.sleep('a', up)
  expect(before.cost).toMatchObject({
    inputTokens: expect.any(Number) as number,
    outputTokens: expect.any(Number) as number,
  })
  expect(await client.send('a', { body: 'what was it?' }, up)).toMatchObject({ state: 'done' })
  expect(JSON.stringify(model.requests.at(-1)?.body)).toContain('my word is heron')
  const after = await client.sleep('a', up)
  expect(after).toMatchObject({ session: before.session, turns: 3 })
  expect(after.cost.inputTokens).toBeGreaterThan(before.cost.inputTokens ?? 0)
  const types = (await readEvents(client)).map(({ type }) => type)
  for (const type of ['tool.call', 'tool.result', 'turn.started', 'turn.ended', 'session']) {
    expect(types).toContain(type)
  }
})

test('a model that fails ends the turn with its error, and the next turn goes on', async () => {
  await using model = await startModelServer()
  await using daemon = await startTestDaemon({
    config: {
      gateway: {
        upstreams: {
          ollama: { url: 'http://127.0.0.1:9' },
          openai: { url: `${model.url}/v1`, model: 'scripted' },
        },
      },
    },
    isLeftClean: true,
  })
  const { client } = daemon
  await client.run({ template: 'chat', name: 'a' }, up)
  expect(await client.send('a', { body: '[[fail:401]]' }, up)).toMatchObject({
    state: 'failed',
    cause: expect.stringMatching(/./) as string,
  })
  expect((await readEvents(client)).find(({ type }) => type === 'error')?.data).toMatchObject({
    class: 'auth',
  })
  expect(await client.send('a', { body: 'better' }, up)).toMatchObject({
    state: 'done',
    reply: 'echo: better',
  })
  await client.sleep('a', up)
})

test('a daemon that is killed while a chat agent speaks finds the whole answer, once', async () => {
  await using model = await startModelServer()
  await using daemon = await startTestDaemon({
    config: {
      gateway: {
        upstreams: {
          ollama: { url: 'http://127.0.0.1:9' },
          openai: { url: `${model.url}/v1`, model: 'scripted' },
        },
      },
    },
    isLeftClean: true,
  })
  const { client } = daemon
  await client.run({ template: 'chat', name: 'a' }, up)
  const { id } = await client.send('a', { body: '[[slow:12]]' })
  const ticks = Array.from({ length: 12 }, (_, index) => `tick${index} `).join('')
  for (const heard of ['tick1 ', 'tick6 ']) {
    await waitFor(`${heard} to be heard`, async () =>
      saidIn(await readEvents(client)).includes(heard),
    )
    await daemon.restart()
  }
  expect((await client.message(id, up)).reply?.trim()).toBe(ticks.trim())
  const events = await readEvents(client)
  expectGapless(events)
  expect(saidIn(events).trim()).toBe(ticks.trim())
  await client.sleep('a', up)
})

/** A daemon whose chat agents are on a scripted model. */
async function startOn(model: { url: string }) {
  const upstreams = {
    ollama: { url: 'http://127.0.0.1:9' },
    openai: { url: `${model.url}/v1`, model: 'scripted' },
  }
  return await startTestDaemon({ config: { gateway: { upstreams } }, isLeftClean: true })
}

test('a program that an agent wants to run waits for a person, though the daemon is killed meanwhile', async () => {
  await using model = await startModelServer()
  await using daemon = await startOn(model)
  const { client } = daemon
  await client.run({ template: 'assistant', name: 'a' }, up)
  const { id } = await client.send('a', { body: '[[bash:echo from the shell]]' })
  const open = async () => await client.approvals.list({ state: 'open' })
  await waitFor('a question', async () => (await open()).length === 1)
  const [question] = await open()
  expect(question).toMatchObject({ tool: 'run_command', title: expect.stringContaining('echo') })
  expect((await client.show('a')).status).toBe('waiting')
  await daemon.restart()
  expect(await open()).toEqual([question])
  await client.approvals.approve(question?.id ?? '', {})
  expect(await client.message(id, up)).toMatchObject({
    state: 'done',
    reply: expect.stringContaining('from the shell') as string,
  })
  expect(await client.approvals.list({})).toMatchObject([{ state: 'allowed', by: 'user' }])
  await client.sleep('a', up)
})

test('a rule answers for the person, and what it denies the model is told', async () => {
  await using model = await startModelServer()
  await using daemon = await startOn(model)
  const { client } = daemon
  const rules = [{ tool: 'run_command', input: 'echo *', mode: 'allow' as const }]
  await client.run({ template: 'chat', name: 'a', approvals: { mode: 'deny', rules } }, up)
  expect((await client.send('a', { body: '[[bash:echo hello]]' }, up)).reply).toContain('hello')
  expect((await client.send('a', { body: '[[bash:touch x]]' }, up)).reply).toContain('Not allowed')
  await client.sleep('a', up)
})

test('a busy agent is steered, interrupted and changed, and says what happened', async () => {
  await using model = await startModelServer()
  await using daemon = await startOn(model)
  const { client } = daemon
  await client.run({ template: 'chat', name: 'a' }, up)
  const heard = async (text: string) =>
    await waitFor(`${text} to be heard`, async () =>
      saidIn(await readEvents(client)).includes(text),
    )
  const first = await client.send('a', { body: '[[slow:5]]' })
  await heard('tick1')
  const joined = await client.send('a', { body: '[[say:tea]]', mode: 'steer' }, up)
  expect(joined).toMatchObject({ state: 'done', reply: expect.stringMatching(/^tick0.*tea$/s) })
  expect(await client.message(first.id)).toMatchObject({ state: 'done', reply: joined.reply })

  const long = await client.send('a', { body: '[[slow:200]]' })
  await heard('tick7')
  expect(await client.interrupt('a', up)).toMatchObject({ did: 'interrupted' })
  expect(await client.message(long.id, up)).toMatchObject({ state: 'failed', cause: 'interrupted' })

  const { run } = await client.show('a')
  expect(await client.reload('a', { model: 'bigger', trigger: 'rex' })).toMatchObject({
    when: 'now',
  })
  expect(await client.send('a', { body: 'rex, hello' }, up)).toMatchObject({ state: 'done' })
  expect(model.requests.at(-1)?.body['model']).toBe('bigger')
  expect(await client.show('a')).toMatchObject({ run, model: 'bigger' })
  await client.sleep('a', up)
})
