import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'vitest'
import { startModelServer, type ModelServer } from '../../src/testing/index.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents, saidIn } from '../support/events.ts'
import { realProgram, requireOrSkip } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const codex = realProgram('codex')
const testWithCodex = requireOrSkip('codex', codex !== null)
const up = { waitSeconds: 90 }

async function startWithModel(
  model: ModelServer,
  env: Record<string, string> = {},
): Promise<TestDaemon> {
  return await startTestDaemon({
    config: {
      gateway: { upstreams: { openai: { url: model.url, model: 'scripted' } } },
      providers: { codex: { path: codex } },
    },
    env: { OPENAI_API_KEY: 'key-of-the-host', CODEX_HOME: '/home/of/the/host', ...env },
    isLeftClean: true,
  })
}

/** What the model was told in its latest request. */
const heard = (model: ModelServer): string => JSON.stringify(model.requests.at(-1)?.body ?? {})

testWithCodex.each(['app-server', 'exec'])(
  'Codex holds a conversation over a sleep, over %s: the same session, the whole history, each turn its own tokens',
  async (protocol) => {
    await using model = await startModelServer()
    await using daemon = await startWithModel(model)
    using folder = temporaryFolder()
    const { client, home } = daemon
    const first = await client.run(
      {
        template: 'codex',
        name: 'c',
        dir: folder.path,
        persona: 'You are terse.',
        options: { protocol },
        prompt: 'my word is heron',
      },
      up,
    )
    expect(first.message).toMatchObject({ state: 'done', reply: 'echo: my word is heron' })
    expect(heard(model)).toContain('You are terse.')

    const asleep = await client.sleep('c', up)
    expect(asleep).toMatchObject({
      status: 'asleep',
      session: expect.stringMatching(/^[\da-f-]{36}$/),
    })
    for (const body of ['what was my word?', 'and once more']) {
      expect(await client.send('c', { body }, up)).toMatchObject({
        state: 'done',
        reply: `echo: ${body}`,
      })
    }
    expect(heard(model)).toContain('my word is heron')
    expect(heard(model)).toContain('echo: what was my word?')
    const after = await client.sleep('c', up)
    expect(after).toMatchObject({
      session: asleep.session,
      turns: 3,
      cost: { usd: null, inputTokens: 300, outputTokens: 60 },
    })
    expectGapless(await readEvents(client))
    expect(JSON.stringify(model.requests.map(({ headers }) => headers))).not.toContain(
      'key-of-the-host',
    )
    expect(readFileSync(home.logFile, 'utf8')).not.toContain('key-of-the-host')
  },
)

testWithCodex(
  'a daemon that is killed while Codex is greeted, and while it speaks, finds the whole answer, once',
  async () => {
    await using model = await startModelServer()
    await using daemon = await startWithModel(model)
    using folder = temporaryFolder()
    const { client } = daemon
    await client.run({ template: 'codex', name: 'c', dir: folder.path })
    const { id } = await client.send('c', { body: '[[slow:30]]' })
    await daemon.restart()
    const followed = async (): Promise<string> => saidIn(await readEvents(client))
    for (const tick of ['tick4 ', 'tick14 ']) {
      await waitFor(`${tick} to be heard`, async () => (await followed()).includes(tick), 60_000)
      await daemon.restart()
      expect(daemon.status.recovered).toMatchObject({ adopted: 1, finished: 0, orphans: 0 })
    }
    const ticks = Array.from({ length: 30 }, (_, index) => `tick${index}`).join(' ')
    const message = await client.message(id, up)
    expect(message).toMatchObject({ state: 'done' })
    expect(message.reply?.trim()).toBe(ticks)
    expect((await followed()).trim()).toBe(ticks)
    expect(model.requests.filter(({ path: place }) => place.endsWith('/responses'))).toHaveLength(1)
    await client.sleep('c', up)
  },
)

testWithCodex(
  'a message joins the turn of Codex, another ends it first, and a change of model counts at once',
  async () => {
    await using model = await startModelServer()
    await using daemon = await startWithModel(model)
    using folder = temporaryFolder()
    const { client } = daemon
    const file = path.join(folder.path, 'go on')
    const isInTool = async (): Promise<boolean> =>
      (await readEvents(client)).some(({ type }) => type === 'tool.call')
    const { message } = await client.run({
      template: 'codex',
      name: 'c',
      dir: folder.path,
      prompt: `[[bash:until test -e '${file}'; do sleep 0.05; done; sleep 1]]`,
    })
    await waitFor('the tool to be called', isInTool, 60_000)
    const steered = await client.send('c', { body: 'think of this, too', mode: 'steer' })
    writeFileSync(file, '')
    expect(await client.message(message!.id, up)).toMatchObject({ state: 'done' })
    expect(await client.message(steered.id, up)).toMatchObject({
      state: 'done',
      entry: 'steered',
      reply: 'echo: think of this, too',
    })

    const slow = await client.send('c', { body: '[[slow:100]]' })
    await waitFor(
      'it to speak',
      async () => saidIn(await readEvents(client)).includes('tick2'),
      60_000,
    )
    const next = await client.send('c', { body: 'stop that', mode: 'interrupt' }, up)
    expect(next).toMatchObject({ state: 'done', entry: 'interrupted', reply: 'echo: stop that' })
    expect(await client.message(slow.id)).toMatchObject({ state: 'failed', cause: 'interrupted' })

    const { run } = await client.show('c')
    expect(await client.reload('c', { model: 'another' })).toMatchObject({ when: 'now' })
    await client.send('c', { body: 'hello' }, up)
    expect(model.requests.at(-1)?.body['model']).toBe('another')
    expect((await client.show('c')).run).toBe(run)

    expect(await client.reload('c', { persona: 'You are a crow.' })).toMatchObject({
      when: 'next-turn',
    })
    await client.send('c', { body: 'hello again' }, up)
    expect(heard(model)).toContain('You are a crow.')
    expect(heard(model)).toContain('think of this, too')
    await client.sleep('c', up)
  },
)

testWithCodex('an agent whose session is gone says so, and a fresh one goes on', async () => {
  await using model = await startModelServer()
  await using daemon = await startWithModel(model)
  using folder = temporaryFolder()
  const { client, home } = daemon
  const { id } = await client.run(
    { template: 'codex', name: 'c', dir: folder.path, prompt: 'hello' },
    up,
  )
  await client.sleep('c', up)
  const own = path.join(home.folder, 'agents', id, 'state', 'codex')
  expect(existsSync(path.join(own, 'sessions'))).toBe(true)
  for (const name of ['sessions', 'state_5.sqlite', 'thread_history_1.sqlite']) {
    rmSync(path.join(own, name), { recursive: true, force: true })
  }
  expect(await client.send('c', { body: 'still there?' }, up)).toMatchObject({
    state: expect.stringMatching(/^(failed|dead)$/),
    cause: expect.stringContaining('its session is gone'),
  })
  await client.change('c', 'new', up)
  expect(await client.send('c', { body: 'and now?' }, up)).toMatchObject({
    state: 'done',
    reply: 'echo: and now?',
  })
  await client.sleep('c', up)
})

testWithCodex(
  'what codex exec can not do is said, and a message that was to join waits',
  async () => {
    await using model = await startModelServer()
    await using daemon = await startWithModel(model)
    using folder = temporaryFolder()
    const { client } = daemon
    const options = { protocol: 'exec' }
    await client.run({ template: 'codex', name: 'c', dir: folder.path, options }, up)
    const first = await client.send('c', { body: '[[slow:10]]' })
    const second = await client.send('c', { body: 'join it', mode: 'steer' }, up)
    expect(second).toMatchObject({
      state: 'done',
      mode: 'queue',
      entry: 'turn',
      reply: 'echo: join it',
    })
    expect(await client.message(first.id)).toMatchObject({ state: 'done' })
    await expect(client.interrupt('c')).rejects.toMatchObject({ code: 'unsupported' })
    expect(await client.reload('c', { model: 'another' })).toMatchObject({ when: 'next-turn' })
    await client.send('c', { body: 'hello' }, up)
    expect(model.requests.at(-1)?.body['model']).toBe('another')
    await client.sleep('c', up)
  },
)

/** Asks to leave its sandbox for this. */
const escalate = (cmd: string): string => {
  const rest = { sandbox_permissions: 'require_escalated', justification: 'a test wants it' }
  return `[[tool:exec_command ${JSON.stringify({ cmd, ...rest })}]]`
}

testWithCodex(
  'a question of Codex outlives two daemons: the answer reaches the same program, and the turn completes',
  async () => {
    await using model = await startModelServer()
    await using daemon = await startWithModel(model)
    using folder = temporaryFolder()
    const { client } = daemon
    const file = path.join(folder.path, 'made')
    const { message } = await client.run({
      template: 'codex',
      name: 'c',
      dir: folder.path,
      prompt: escalate(`touch '${file}'`),
    })
    const open = async () => await client.approvals.list({ state: 'open' })
    await waitFor('the question', async () => (await open()).length === 1, 60_000)
    const [question] = await open()
    expect(question).toMatchObject({
      agent: 'c',
      tool: 'shell',
      title: `run touch '${file}'`,
      reason: 'a test wants it',
      risk: 'medium',
    })
    await daemon.restart()
    await daemon.restart()
    expect(await client.show('c')).toMatchObject({ status: 'waiting' })
    expect(existsSync(file)).toBe(false)
    await client.approvals.approve(question!.id)
    expect(await client.message(message!.id, up)).toMatchObject({ state: 'done' })
    expect(existsSync(file)).toBe(true)
    const after = await client.show('c')
    expect(after.turns).toBe(1)
    const events = await readEvents(client)
    expectGapless(events)
    expect(events.filter(({ type }) => type === 'run.starting')).toHaveLength(1)

    const denied = await client.send('c', { body: escalate(`touch '${file}-2'`) })
    await waitFor('the next question', async () => (await open()).length === 1, 60_000)
    const [next] = await open()
    await client.approvals.deny(next!.id, { message: '[[say:then not]]' })
    expect(await client.message(denied.id, up)).toMatchObject({ state: 'done', reply: 'then not' })
    expect(existsSync(`${file}-2`)).toBe(false)
    await client.sleep('c', up)
  },
)

testWithCodex('a new agent goes on with what its person began', async () => {
  await using model = await startModelServer()
  using person = temporaryFolder()
  await using daemon = await startWithModel(model, { HOME: person.path })
  using folder = temporaryFolder()
  const { client, home } = daemon
  const agent = { template: 'codex', dir: folder.path }
  const first = await client.run({ ...agent, name: 'a', prompt: 'my word is heron' }, up)
  await client.sleep('a', up)
  const own = path.join(home.folder, 'agents', first.id, 'state', 'codex', 'sessions')
  cpSync(own, path.join(person.path, '.codex', 'sessions'), { recursive: true })

  const resume = { mode: 'continue' as const }
  const next = { ...agent, name: 'b', resume, prompt: 'what was my word?' }
  expect((await client.run(next, up)).message).toMatchObject({ state: 'done' })
  expect(heard(model)).toContain('my word is heron')
  expect(await client.show('b')).toMatchObject({ session: (await client.show('a')).session })
  await client.sleep('b', up)

  const missing = { mode: 'resume' as const, session: '01a1fe17-7623-7db0-abe3-9b759300dccc' }
  await expect(client.run({ ...agent, name: 'c', resume: missing })).rejects.toMatchObject({
    code: 'nothing_to_resume',
  })
})
