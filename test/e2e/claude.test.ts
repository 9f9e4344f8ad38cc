import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'vitest'
import type { Event } from '../../src/schema/event.ts'
import { startModelServer, type ModelServer } from '../../src/testing/index.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents, readLog, saidIn } from '../support/events.ts'
import { realProgram, requireOrSkip } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const claude = realProgram('claude')
const testWithClaude = requireOrSkip('claude', claude !== null)
const up = { waitSeconds: 90 }

async function startWithModel(model: ModelServer): Promise<TestDaemon> {
  return await startTestDaemon({
    config: {
      gateway: { upstreams: { anthropic: { url: model.url } } },
      providers: { claude: { path: claude } },
    },
    isLeftClean: true,
  })
}

/** What the model was asked to answer, of the conversation itself and not of Claude Code's side errands. */
function conversationsWith(model: ModelServer, text: string): string[] {
  return model.requests
    .map(({ body }) => JSON.stringify(body['messages'] ?? ''))
    .filter((messages) => messages.includes(text))
}

testWithClaude(
  'Claude Code holds a conversation over a sleep: the same session, the whole history, each turn its own cost',
  async () => {
    await using model = await startModelServer()
    await using daemon = await startWithModel(model)
    using folder = temporaryFolder()
    using configDir = temporaryFolder()
    const { client } = daemon
    const first = await client.run(
      {
        template: 'claude',
        name: 'c',
        dir: folder.path,
        persona: 'You are terse.',
        options: { configDir: configDir.path },
        prompt: 'my word is heron',
      },
      up,
    )
    expect(first.message).toMatchObject({ state: 'done', reply: 'echo: my word is heron' })
    expect(JSON.stringify(model.requests.map(({ body }) => body['system']))).toContain(
      'You are terse.',
    )

    const asleep = await client.sleep('c', up)
    expect(asleep).toMatchObject({
      status: 'asleep',
      run: null,
      session: expect.stringMatching(/^[\da-f-]{36}$/) as string,
    })
    expect(await client.send('c', { body: 'what was my word?' }, up)).toMatchObject({
      state: 'done',
      reply: 'echo: what was my word?',
    })
    expect(await client.send('c', { body: 'and once more' }, up)).toMatchObject({
      state: 'done',
      reply: 'echo: and once more',
    })
    const after = await client.sleep('c', up)
    expect(after).toMatchObject({ session: asleep.session, turns: 3 })

    const [resumed] = conversationsWith(model, 'what was my word?')
    expect(resumed).toContain('my word is heron')
    expect(resumed).toContain('echo: my word is heron')

    const events = await readEvents(client)
    expectGapless(events)
    expect(
      events.filter(({ type }) => type === 'run.starting').map(({ data }) => data['isResumed']),
    ).toEqual([false, true])
    const costs = events
      .filter(({ type }) => type === 'turn.ended')
      .map(({ data }) => data['cost'] as { usd: number; inputTokens: number; outputTokens: number })
    expect(costs).toHaveLength(3)
    for (const { usd, inputTokens, outputTokens } of costs) {
      expect([inputTokens > 0, outputTokens]).toEqual([true, costs[0]?.outputTokens])
      expect(usd).toBeCloseTo(costs[0]?.usd ?? 0, 8)
    }
    expect(after.cost.usd).toBeCloseTo(
      costs.reduce((sum, { usd }) => sum + usd, 0),
      8,
    )
    expect(said(await readLog(client, 'c'))).toEqual([
      'echo: my word is heron',
      'echo: what was my word?',
      'echo: and once more',
    ])
  },
)

testWithClaude(
  'a daemon that is killed while Claude Code speaks finds the whole answer, once, and the conversation goes on',
  async () => {
    await using model = await startModelServer()
    await using daemon = await startWithModel(model)
    using folder = temporaryFolder()
    using configDir = temporaryFolder()
    const { client } = daemon
    await client.run(
      { template: 'claude', name: 'c', dir: folder.path, options: { configDir: configDir.path } },
      up,
    )
    const { id } = await client.send('c', { body: '[[slow:40]]' })
    const followed: Event[] = []
    const ending = new AbortController()
    const following = (async () => {
      for await (const event of client.events({ since: 0, signal: ending.signal })) {
        followed.push(event)
      }
    })().catch(() => undefined)

    const { run, pid } = await client.show('c')
    for (const heard of ['tick4 ', 'tick14 ', 'tick24 ']) {
      await waitFor(`${heard} to be heard`, () => saidIn(followed).includes(heard), 60_000)
      await daemon.restart()
      expect(daemon.status.recovered).toMatchObject({ adopted: 1, finished: 0, orphans: 0 })
    }
    const ticks = Array.from({ length: 40 }, (_, index) => `tick${index}`).join(' ')
    const message = await client.message(id, up)
    expect(message).toMatchObject({ state: 'done', run })
    expect(message.reply?.trim()).toBe(ticks)
    expect(await client.show('c')).toMatchObject({ run, pid })
    expect(conversationsWith(model, '[[slow:40]]').length).toBe(1)

    expect(await client.send('c', { body: 'go on' }, up)).toMatchObject({
      state: 'done',
      reply: 'echo: go on',
      run,
    })
    const events = await readEvents(client)
    await waitFor('the follower to have all', () => followed.at(-1)?.seq === events.at(-1)?.seq)
    ending.abort()
    await following
    expectGapless(events)
    expect(followed).toEqual(events)
    expect(saidIn(events).replaceAll(/\s+/g, ' ').trim()).toBe(`${ticks} echo: go on`)
    expect(said(await readLog(client, 'c')).map((line) => line.trim())).toEqual([
      ticks,
      'echo: go on',
    ])
    await client.sleep('c', up)
  },
)

testWithClaude(
  'a daemon that is killed while Claude Code waits for a person brings the answer to the same program',
  async () => {
    await using model = await startModelServer()
    await using daemon = await startWithModel(model)
    using folder = temporaryFolder()
    const { client } = daemon
    const options = { permissionMode: 'default' }
    await client.run({ template: 'claude', name: 'c', dir: folder.path, options }, up)
    for (const verb of ['approve', 'deny'] as const) {
      const file = path.join(folder.path, verb)
      const { id } = await client.send('c', { body: `[[bash:touch ${file}]]` })
      let [question] = await client.approvals.list({ state: 'open' })
      await waitFor('the question', async () => {
        ;[question] = await client.approvals.list({ state: 'open' })
        return question !== undefined
      })
      expect(question).toMatchObject({ tool: 'Bash', title: expect.stringContaining(file) })
      expect(await client.show('c')).toMatchObject({ status: 'waiting' })
      const { run, pid } = await client.show('c')
      await daemon.restart()
      expect(daemon.status.recovered).toMatchObject({ adopted: 1 })
      await client.approvals[verb](question?.id ?? '', { message: 'as you see fit' })
      expect(await client.message(id, up)).toMatchObject({ state: 'done', run })
      expect(await client.show('c')).toMatchObject({ run, pid })
      expect(existsSync(file)).toBe(verb === 'approve')
      await client.new('c', up)
    }
    expectGapless(await readEvents(client))
    await client.stop('c', up)
  },
)

testWithClaude(
  'a message joins the turn of Claude Code, another ends it, and each receipt says what happened',
  async () => {
    await using model = await startModelServer()
    await using daemon = await startWithModel(model)
    using folder = temporaryFolder()
    const { client } = daemon
    const options = { permissionMode: 'bypassPermissions' }
    await client.run({ template: 'claude', name: 'c', dir: folder.path, options }, up)
    const heard = async (what: string, fits: (event: Event) => boolean): Promise<void> =>
      await waitFor(what, async () => (await readEvents(client)).some(fits))

    const body = '[[bash:until test -e go; do sleep 0.05; done; sleep 1]]'
    const first = await client.send('c', { body })
    await heard('its tool', ({ type }) => type === 'tool.call')
    const second = await client.send('c', { body: 'think of this, too', mode: 'steer' })
    await waitFor('it to be given', async () => {
      const { state } = await client.message(second.id)
      return state === 'delivered'
    })
    writeFileSync(path.join(folder.path, 'go'), '')
    expect(await client.message(second.id, up)).toMatchObject({ state: 'done', entry: 'steered' })
    expect(await client.message(first.id, up)).toMatchObject({ state: 'done', entry: 'turn' })

    await client.new('c', up)
    const long = await client.send('c', { body: '[[slow:80]]' })
    await heard('its first words', ({ data }) => String(data['text']).includes('tick2'))
    const urgent = await client.send('c', { body: '[[say:at once]]', mode: 'interrupt' })
    expect(await client.message(urgent.id, up)).toMatchObject({
      state: 'done',
      reply: 'at once',
      entry: 'interrupted',
    })
    expect(await client.message(long.id)).toMatchObject({
      state: 'failed',
      cause: expect.stringContaining('interrupted') as string,
    })
    await client.stop('c', up)
  },
)

testWithClaude(
  'Claude Code never gets the key of the host, and its failures end the turn',
  async () => {
    await using model = await startModelServer()
    await using daemon = await startTestDaemon({
      config: {
        gateway: { upstreams: { anthropic: { url: model.url } } },
        providers: { claude: { path: claude } },
      },
      env: { ANTHROPIC_API_KEY: 'key-of-the-host', ANTHROPIC_BASE_URL: 'http://127.0.0.1:9' },
      isLeftClean: true,
    })
    using folder = temporaryFolder()
    using configDir = temporaryFolder()
    const { client, home } = daemon
    const { message } = await client.run(
      {
        template: 'claude',
        name: 'c',
        dir: folder.path,
        options: { configDir: configDir.path },
        prompt: '[[fail:400]]',
      },
      up,
    )
    expect(message).toMatchObject({ state: 'failed', cause: expect.stringMatching(/./) as string })
    expect((await readEvents(client)).find(({ type }) => type === 'error')?.data).toMatchObject({
      class: 'config',
    })
    expect(await client.show('c')).toMatchObject({ status: 'idle' })
    expect(JSON.stringify(model.requests.map(({ headers }) => headers))).not.toContain(
      'key-of-the-host',
    )
    expect(readFileSync(home.logFile, 'utf8')).not.toContain('key-of-the-host')
    await client.stop('c', up)
  },
)

function said(entries: Awaited<ReturnType<typeof readLog>>): string[] {
  return entries.filter(({ stream }) => stream === 'out').map(({ text }) => text)
}
