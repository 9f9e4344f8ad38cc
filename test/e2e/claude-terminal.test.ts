import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'vitest'
import type { Approval } from '../../src/schema/approval.ts'
import type { Event } from '../../src/schema/event.ts'
import { startModelServer, type ModelServer } from '../../src/testing/index.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents } from '../support/events.ts'
import { hasProgram, realProgram, requireOrSkip } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { Onlooker } from '../support/terminal-stage.ts'
import { waitFor } from '../support/wait-for.ts'

const claude = realProgram('claude')
const testAtTerminal = requireOrSkip('claude', claude !== null && hasProgram('tmux'))
const up = { waitSeconds: 90 }
const escape = '\u001b'

async function startWithModel(model: ModelServer): Promise<TestDaemon> {
  return await startTestDaemon({
    config: {
      gateway: { upstreams: { anthropic: { url: model.url } } },
      providers: { claude: { path: claude } },
    },
    isLeftClean: true,
  })
}

/** The question that is open, once one is. */
async function question({ client }: TestDaemon): Promise<Approval> {
  let open: Approval | undefined
  await waitFor('a question', async () => {
    ;[open] = await client.approvals.list({ state: 'open' })
    return open !== undefined
  })
  return open!
}

async function heard(daemon: TestDaemon, fits: (event: Event) => boolean): Promise<void> {
  await waitFor('an event', async () => (await readEvents(daemon.client)).some(fits))
}

const lastAsked = (model: ModelServer): string =>
  JSON.stringify(model.requests.findLast(({ body }) => body['messages'])?.body['messages'])

testAtTerminal(
  'Claude Code at a terminal takes messages and answers of both kinds, sleeps, goes on headless and comes back',
  { timeout: 240_000 },
  async () => {
    await using model = await startModelServer()
    await using daemon = await startWithModel(model)
    using folder = temporaryFolder()
    const { client } = daemon
    const place = (name: string): string => path.join(folder.path, name)

    const first = await client.run(
      {
        template: 'claude',
        name: 'c',
        runtime: 'tmux',
        dir: folder.path,
        options: { permissionMode: 'default' },
        prompt: 'my word is heron',
      },
      up,
    )
    expect(first.message).toMatchObject({ state: 'done', reply: 'echo: my word is heron' })
    const { session, run } = await client.show('c')
    expect(session).toMatch(/^[\da-f-]{36}$/)

    // It asks. Once the API says yes, once a person who came to the terminal; in between the daemon dies.
    const byApi = await client.send('c', { body: `[[bash:touch ${place('by-api')}]]` })
    const asked = await question(daemon)
    expect(asked).toMatchObject({ tool: 'Bash', title: `Bash: touch ${place('by-api')}` })
    expect(await client.show('c')).toMatchObject({ status: 'waiting' })
    await daemon.restart()
    expect(daemon.status.recovered).toMatchObject({ adopted: 1 })
    await client.approvals.approve(asked.id)
    expect(await client.message(byApi.id, up)).toMatchObject({ state: 'done', run })
    expect(existsSync(place('by-api'))).toBe(true)

    await using person = await Onlooker.come(client, 'c', { size: { cols: 100, rows: 40 } })
    await person.sees('heron')
    const byHand = await client.send('c', { body: `[[bash:touch ${place('by-hand')}]]` })
    const second = await question(daemon)
    await person.sees('proceed?')
    // A key that comes with the question itself is taken for one that was meant for something else.
    await waitFor('the answer to be taken', () => {
      person.stream.write('\r')
      return existsSync(place('by-hand'))
    })
    expect(await client.message(byHand.id, up)).toMatchObject({ state: 'done' })
    expect(existsSync(place('by-hand'))).toBe(true)
    expect(await client.approvals.show(second.id)).toMatchObject({ state: 'withdrawn' })

    const denied = await client.send('c', { body: `[[bash:touch ${place('never')}]]` })
    await client.approvals.deny((await question(daemon)).id, { message: 'not that one' })
    expect(await client.message(denied.id, up)).toMatchObject({
      state: 'done',
      reply: 'tool said: not that one',
    })
    expect(existsSync(place('never'))).toBe(false)

    // What a person types is a turn, too.
    person.stream.write('[[say:by-hand]]')
    await person.sees('[[say:by-hand]]')
    await waitFor('it to be taken', async () => {
      person.stream.write('\r')
      return (await readEvents(client)).some(
        ({ type, data }) => type === 'turn.ended' && data['reply'] === 'by-hand',
      )
    })

    const long = await client.send('c', { body: '[[slow:200]]' })
    await heard(daemon, ({ type, data }) => type === 'turn.started' && data['message'] === long.id)
    expect(await client.interrupt('c', up)).toMatchObject({ did: 'interrupted' })
    expect(await client.message(long.id, up)).toMatchObject({ state: 'failed' })

    const other = await client.send('c', { body: '[[slow:200]]' })
    await heard(daemon, ({ type, data }) => type === 'turn.started' && data['message'] === other.id)
    person.stream.write(escape)
    expect(await client.message(other.id, up)).toMatchObject({
      state: 'failed',
      cause: expect.stringContaining('interrupted') as string,
    })
    await person[Symbol.asyncDispose]()

    // The same session with no terminal, and with one again.
    expect(await client.sleep('c', up)).toMatchObject({ status: 'asleep', session })
    await client.wake('c', { ...up, runtime: 'process' })
    expect(await client.send('c', { body: 'what was my word?' }, up)).toMatchObject({
      state: 'done',
      reply: 'echo: what was my word?',
    })
    expect(lastAsked(model)).toContain('my word is heron')
    await client.sleep('c', up)
    await client.wake('c', { ...up, runtime: 'tmux' })
    await using back = await Onlooker.come(client, 'c')
    await back.sees('word?')
    expect(await client.send('c', { body: 'and once more' }, up)).toMatchObject({
      state: 'done',
      reply: 'echo: and once more',
    })
    expect(lastAsked(model)).toContain('my word is heron')
    expect(lastAsked(model)).toContain('what was my word?')
    expect(await client.show('c')).toMatchObject({ session })

    const events = await readEvents(client)
    expectGapless(events)
    const turns = events.filter(({ type }) => type === 'turn.ended').map(({ data }) => data)
    expect(turns).toHaveLength(9)
    // Each costs what it costs, once: these all asked the model once.
    const single = turns.filter(({ reply }) => String(reply).startsWith('echo: '))
    const costs = single.map(({ cost }) => cost as { usd: number; inputTokens: number })
    expect(new Set(costs.map(({ inputTokens }) => inputTokens)).size).toBe(1)
    for (const { usd } of costs) {
      expect(usd).toBeCloseTo(costs[0]?.usd ?? 0, 8)
    }
    await back[Symbol.asyncDispose]()
    await client.stop('c', up)
  },
)
