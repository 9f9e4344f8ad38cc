import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { startTestDaemon } from '../support/daemon.ts'
import { readEvents } from '../support/events.ts'
import { ScriptedClaude, startWithClaude } from '../support/scripted-claude.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 30 }
const withoutModel = { gateway: { upstreams: { ollama: { url: 'http://127.0.0.1:9' } } } }

/** `fresh` or `resumed` for each start, in order. */
const kinds = (claude: ScriptedClaude, name: string): string[] =>
  claude.starts(name).map((start) => start.split(' ')[0] ?? '')

test('a conversation goes on over a sleep, and begins anew after `new`', async () => {
  await using daemon = await startTestDaemon({ config: withoutModel, isLeftClean: true })
  const { client } = daemon
  await client.run({ template: 'chat', name: 'a', prompt: 'one' }, up)
  const { session } = await client.sleep('a', up)
  expect((await client.send('a', { body: 'two' }, up)).reply).toContain('message 2')
  const renewed = await client.new('a', up)
  expect(renewed).toMatchObject({ status: 'idle', run: expect.any(String) as string })
  expect((await client.send('a', { body: 'three' }, up)).reply).toContain('message 1')
  const after = await client.sleep('a', up)
  expect(after.session).not.toBe(session)
  expect((await client.send('a', { body: 'four' }, up)).reply).toContain('message 2')
  await client.sleep('a', up)
})

test('`new` in mid-turn lets the turn finish, then a fresh run begins at once and takes what waits', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a'), up)
  const held = await client.send('a', { body: 'hold on' })
  await waitFor('the turn', async () => (await client.message(held.id)).state === 'accepted')
  expect(await client.new('a')).toMatchObject({ status: 'working' })
  const next = await client.send('a', { body: 'next' })
  expect(claude.starts('a')).toHaveLength(1)
  claude.release('a')
  expect(await client.message(held.id, up)).toMatchObject({ state: 'done', reply: 'echo: hold on' })
  const second = await client.message(next.id, up)
  expect(second).toMatchObject({ state: 'done' })
  expect(second.run).not.toBe((await client.message(held.id)).run)
  expect(kinds(claude, 'a')).toEqual(['fresh', 'fresh'])
  expect(new Set(claude.starts('a')).size).toBe(2)
  // Asked for once, done once.
  await client.sleep('a', up)
  await client.send('a', { body: 'more' }, up)
  expect(kinds(claude, 'a')).toEqual(['fresh', 'fresh', 'resumed'])
  await client.sleep('a', up)
})

test('`new` while a run boots is that run where it begins afresh, and the next where it goes on', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a'))
  await client.new('a', up)
  expect(await client.send('a', { body: 'one' }, up)).toMatchObject({ state: 'done' })
  expect(kinds(claude, 'a')).toEqual(['fresh'])
  await client.sleep('a', up)
  await client.wake('a')
  await client.new('a', up)
  expect(await client.send('a', { body: 'two' }, up)).toMatchObject({ state: 'done' })
  expect(kinds(claude, 'a').at(-1)).toBe('fresh')
  await client.sleep('a', up)
})

test('the wish for a fresh session outlives starts that fail and daemons that die, until a turn was taken', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a', { prompt: 'one' }), up)
  await client.sleep('a', up)
  claude.setAvailable(false)
  await client.new('a', up)
  expect(await client.show('a')).toMatchObject({ status: 'asleep', lastRun: { status: 'failed' } })
  expect(await client.send('a', { body: 'lost' }, up)).toMatchObject({
    state: 'failed',
    cause: expect.stringContaining('Claude Code') as string,
  })
  await daemon.restart()
  claude.setAvailable(true)
  // A fresh run that took no turn did not use the wish up.
  await client.wake('a', up)
  await client.sleep('a', up)
  expect(await client.send('a', { body: 'two' }, up)).toMatchObject({ state: 'done' })
  await client.sleep('a', up)
  expect(await client.send('a', { body: 'three' }, up)).toMatchObject({ state: 'done' })
  await client.sleep('a', up)
  expect(kinds(claude, 'a')).toEqual(['fresh', 'fresh', 'fresh', 'resumed'])
})

test('an explicit resume fails loudly where there is nothing to resume', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  const resume = { mode: 'resume', ...up } as const
  const refused = (cause: string): object => ({
    code: 'nothing_to_resume',
    row: { exit: 1 },
    message: expect.stringContaining(cause) as string,
  })
  await client.run({ template: 'command', name: 'plain', program: ['cat'] }, up)
  await expect(client.wake('plain', resume)).rejects.toMatchObject(refused("can't resume"))
  await client.run(claude.agent('a'), up)
  await client.sleep('a', up)
  await expect(client.wake('a', resume)).rejects.toMatchObject(refused('no session yet'))
  await client.send('a', { body: 'one' }, up)
  await client.sleep('a', up)
  expect(await client.wake('a', resume)).toMatchObject({ status: 'idle' })
  await waitFor('it to go on', () => kinds(claude, 'a').at(-1) === 'resumed')
  await client.sleep('a', up)
  await client.stop('a', up)
  await client.new('a', up)
  await expect(client.wake('a', resume)).rejects.toMatchObject({ code: 'agent_stopped' })
  await client.start('a', up)
  await client.sleep('a', up)
  await expect(client.wake('a', resume)).rejects.toMatchObject(refused('a fresh session was asked'))
  await client.remove('plain', { force: true, ...up })
})

test('a wake that is to be fresh renews an agent that is up, and one that sleeps', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a', { prompt: 'one' }), up)
  await client.wake('a', { mode: 'fresh', ...up })
  await client.send('a', { body: 'two' }, up)
  await client.sleep('a', up)
  await client.wake('a', { mode: 'fresh', ...up })
  await client.send('a', { body: 'three' }, up)
  await client.sleep('a', up)
  expect(kinds(claude, 'a')).toEqual(['fresh', 'fresh', 'fresh'])
})

test('a restart keeps the session, and ends a turn that is under way', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a', { prompt: 'one' }), up)
  const held = await client.send('a', { body: 'hold' })
  const next = await client.send('a', { body: 'next' })
  await waitFor('the turn', async () => (await client.message(held.id)).state === 'accepted')
  expect(await client.restart('a', up)).toMatchObject({ run: expect.any(String) as string })
  expect(await client.message(held.id)).toMatchObject({
    state: 'failed',
    cause: expect.stringContaining('asked to restart') as string,
  })
  expect(await client.message(next.id, up)).toMatchObject({ state: 'done' })
  expect(kinds(claude, 'a')).toEqual(['fresh', 'resumed'])
  await client.sleep('a', up)
  // One that sleeps comes up.
  expect(await client.restart('a', up)).toMatchObject({ status: 'idle' })
  await client.sleep('a', up)
})

test('the initial prompt is what each fresh session is told first, once, and never a resumed one', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a', { prompt: 'one', initialPrompt: 'Read NOTES.' }), up)
  await client.sleep('a', up)
  await client.send('a', { body: 'two' }, up)
  await client.new('a', up)
  await waitFor('the fresh session to be told', () => claude.taken('a').length === 4)
  await client.send('a', { body: 'three' }, up)
  await client.sleep('a', up)
  await client.send('a', { body: 'four' }, up)
  await client.sleep('a', up)
  expect(claude.taken('a')).toEqual(['Read NOTES.', 'one', 'two', 'Read NOTES.', 'three', 'four'])
  const seeds = (await client.messages('a')).filter(({ from }) => from === 'drover')
  expect(seeds.map(({ body, state }) => [body, state])).toEqual([
    ['Read NOTES.', 'done'],
    ['Read NOTES.', 'done'],
  ])
})

test('an initial prompt that its session never took is told to the next one', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  claude.setMode('a', 'exit 3')
  const { message } = await client.run(
    claude.agent('a', { prompt: 'one', initialPrompt: 'Read NOTES.', lifecycle: { tries: 10 } }),
  )
  await waitFor('it to die', () => claude.starts('a').length >= 1)
  claude.setMode('a', '')
  expect(await client.message(String(message?.id), up)).toMatchObject({ state: 'done' })
  expect(claude.taken('a')).toEqual(['Read NOTES.', 'one'])
  await client.sleep('a', up)
})

test('a template may say how its agents live and what they are told first', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client, home } = daemon
  mkdirSync(home.templatesFolder, { recursive: true })
  writeFileSync(
    path.join(home.templatesFolder, 'reader.yaml'),
    [
      'provider: claude',
      'initialPrompt: Read NOTES.',
      'lifecycle: { idleMs: 60000, restart: always, tries: 7 }',
      'budget: { usd: 2, tokens: 1000 }',
    ].join('\n'),
  )
  const request = claude.agent('a', {
    template: 'reader',
    prompt: 'one',
    lifecycle: { tries: 2 },
    budget: { tokens: 5000 },
  })
  await client.run(request, up)
  expect((await client.show('a')).spec).toMatchObject({
    initialPrompt: 'Read NOTES.',
    lifecycle: { idleMs: 60_000, restart: 'always', tries: 2, maxAgeMs: 0 },
    budget: { usd: 2, tokens: 5000 },
  })
  expect(claude.taken('a')).toEqual(['Read NOTES.', 'one'])
  await client.sleep('a', up)
  const { spec } = await client.show('a')
  expect(spec.graceMs).toBe(2000)
  expect((await readEvents(client, { agent: 'a' })).at(0)?.data).toMatchObject({
    template: 'reader',
  })
})
