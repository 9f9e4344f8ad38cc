import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents, readLog, receiptsIn, saidIn } from '../support/events.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const agentScript = fileURLToPath(new URL('../fixtures/taking-agent.sh', import.meta.url))
const cat = { template: 'command', program: ['/bin/cat'] }
const up = { waitSeconds: 20 }

let daemon: TestDaemon
beforeAll(async () => {
  daemon = await startTestDaemon({ isLeftClean: true })
})
afterAll(async () => {
  await using ended = daemon
  const { client } = ended
  for (const { name } of await client.list({ all: true })) {
    await client.remove(name, { force: true, ...up })
  }
})

test('an agent is made, spoken to, put to sleep, woken by a message, stopped, started and removed', async () => {
  const { client, home } = daemon
  const made = await client.run({ ...cat, name: 'life', prompt: 'first' }, up)
  expect(made).toMatchObject({
    name: 'life',
    status: 'idle',
    provider: 'command',
    runtime: 'process',
    template: 'command',
    turns: 1,
    message: { state: 'done', reply: 'first' },
  })
  expect(made.pid).toBeGreaterThan(1)

  const second = await client.send('life', { body: 'second' }, up)
  expect(second).toMatchObject({
    agent: 'life',
    from: 'user',
    state: 'done',
    reply: 'second',
    run: made.run,
    cause: null,
  })

  const asleep = await client.sleep('life', up)
  expect(asleep).toMatchObject({
    status: 'asleep',
    run: null,
    pid: null,
    lastRun: { id: made.run, status: 'stopped' },
  })
  expect((await client.list()).map(({ name }) => name)).toContain('life')

  const woken = await client.send('life', { body: 'third' }, up)
  expect(woken).toMatchObject({ state: 'done', reply: 'third' })
  expect(woken.run).not.toBe(made.run)

  expect(await client.stop('life', up)).toMatchObject({ status: 'stopped', run: null })
  await expect(client.send('life', { id: 'refused-1', body: 'hello?' })).rejects.toMatchObject({
    code: 'agent_stopped',
    row: { status: 409, exit: 4 },
  })
  expect(await client.message('refused-1')).toMatchObject({
    state: 'refused',
    cause: 'the agent is stopped',
    run: null,
  })
  await expect(client.wake('life')).rejects.toMatchObject({ code: 'agent_stopped' })
  expect((await client.list()).map(({ name }) => name)).not.toContain('life')
  expect(await client.list({ all: true })).toMatchObject([{ name: 'life', status: 'stopped' }])

  expect(await client.start('life', up)).toMatchObject({ status: 'idle' })
  expect(await client.send('life', { body: 'fourth' }, up)).toMatchObject({
    state: 'done',
    reply: 'fourth',
  })
  expect((await client.messages('life')).map(({ body, state }) => [body, state])).toEqual([
    ['first', 'done'],
    ['second', 'done'],
    ['third', 'done'],
    ['hello?', 'refused'],
    ['fourth', 'done'],
  ])
  expect((await client.show('life')).spec).toMatchObject({
    provider: 'command',
    program: ['/bin/cat'],
  })

  await expect(client.remove('life')).rejects.toMatchObject({
    code: 'agent_running',
    row: { exit: 1 },
  })
  await client.remove('life', { force: true, ...up })
  await expect(client.show('life')).rejects.toMatchObject({
    code: 'agent_not_found',
    row: { exit: 3 },
  })
  await expect(client.message(second.id)).rejects.toMatchObject({ code: 'message_not_found' })
  expect(readdirSync(home.runsFolder)).toEqual([])
  expect(readdirSync(home.agentsFolder)).toEqual([])
  expect(await daemon.marked()).toEqual([])

  const events = await readEvents(client, { agent: 'life' })
  expect(receiptsIn(events)[second.id]).toEqual(['stored', 'delivered', 'done'])
  expect(events.at(-1)?.type).toBe('agent.removed')
})

test('a message that comes the moment an agent has fallen asleep wakes it to answer', async () => {
  const { client } = daemon
  await client.run({ ...cat, name: 'dozer' }, up)
  for (const body of ['one', 'two', 'three']) {
    const { lastSeq } = await client.status()
    const events = await client.events({ since: lastSeq, agent: 'dozer' }).open()
    await client.sleep('dozer')
    for await (const { type, data } of events) {
      if (type === 'agent.status' && data['status'] === 'asleep') {
        break
      }
    }
    expect(await client.send('dozer', { body }, up)).toMatchObject({ state: 'done', reply: body })
  }
  expect(await client.show('dozer')).toMatchObject({ status: 'idle' })
})

test('the name of a removed agent is free, and its new bearer has no past', async () => {
  const { client } = daemon
  await client.run({ ...cat, name: 'reborn', prompt: 'old' }, up)
  await client.remove('reborn', { force: true, ...up })
  await client.run({ ...cat, name: 'reborn', prompt: 'new' }, up)
  expect((await client.messages('reborn')).map(({ body }) => body)).toEqual(['new'])
  expect((await readLog(client, 'reborn')).map(({ text }) => text)).toEqual(['new'])
})

test('messages to a busy agent wait, and are taken in order', async () => {
  using folder = temporaryFolder()
  const { client } = daemon
  await client.run(
    {
      template: 'command',
      name: 'busy',
      dir: folder.path,
      program: ['/bin/sh', agentScript, folder.path],
    },
    up,
  )
  const bodies = Array.from({ length: 50 }, (_, index) => `message ${index}`)
  for (const body of bodies) {
    await client.send('busy', { body })
  }
  const last = (await client.messages('busy')).at(-1)
  expect(await client.message(last?.id ?? '', up)).toMatchObject({ state: 'done' })
  expect(readFileSync(path.join(folder.path, 'taken'), 'utf8')).toBe(`${bodies.join('\n')}\n`)
})

test('many sends that race to a sleeping agent make one run', async () => {
  using folder = temporaryFolder()
  const { client } = daemon
  await client.run(
    {
      template: 'command',
      name: 'raced',
      dir: folder.path,
      program: ['/bin/sh', agentScript, folder.path],
      prompt: 'first',
    },
    up,
  )
  await client.sleep('raced', up)
  const sent = await Promise.all(
    [...Array(20).keys()].map(
      async (number) => await client.send('raced', { body: `m${number}` }, up),
    ),
  )
  expect(new Set(sent.map(({ state }) => state))).toEqual(new Set(['done']))
  expect(new Set(sent.map(({ run }) => run)).size).toBe(1)
  const linesOf = (name: string): string[] =>
    readFileSync(path.join(folder.path, name), 'utf8').trimEnd().split('\n')
  expect(linesOf('starts')).toHaveLength(2)
  expect(linesOf('taken').slice(1).toSorted()).toEqual(
    [...Array(20).keys()].map((number) => `m${number}`).toSorted(),
  )
})

test('wakes, sleeps and sends that race leave one truth', async () => {
  using folder = temporaryFolder()
  const { client } = daemon
  await client.run(
    {
      template: 'command',
      name: 'torn',
      graceMs: 1000,
      dir: folder.path,
      program: ['/bin/sh', agentScript, folder.path],
      prompt: 'first',
    },
    up,
  )
  const bodies = [...Array(15).keys()].map((number) => `m${number}`)
  await Promise.all(
    bodies.flatMap((body) => [
      client.send('torn', { body }),
      client.wake('torn'),
      client.sleep('torn'),
    ]),
  )
  for (const { id } of await client.messages('torn')) {
    await client.message(id, up)
  }
  await client.sleep('torn', up)
  const messages = await client.messages('torn')
  const taken = readFileSync(path.join(folder.path, 'taken'), 'utf8').trimEnd().split('\n')
  expect(taken).toEqual([...new Set(taken)])
  for (const { body, state } of messages) {
    expect(['done', 'failed']).toContain(state)
    expect(state === 'failed' || taken.includes(body), body).toBe(true)
  }
})

test('a sleep that follows a wake at once never has to wait for the grace to be over', async () => {
  const { client } = daemon
  await client.run({ ...cat, name: 'hasty', graceMs: 600_000 }, up)
  for (let round = 0; round < 25; round++) {
    expect(await client.sleep('hasty', up)).toMatchObject({ status: 'asleep' })
    await client.wake('hasty', up)
  }
})

describe('an idempotency key', () => {
  test('of a message makes it once, and answers with the first', async () => {
    const { client } = daemon
    await client.run({ ...cat, name: 'keyed' }, up)
    const answers = await Promise.all(
      [1, 2, 3].map(async () => await client.send('keyed', { id: 'key-1', body: 'once' }, up)),
    )
    expect(new Set(answers.map(({ id }) => id))).toEqual(new Set(['key-1']))
    expect(await client.send('keyed', { id: 'key-1', body: 'once' })).toMatchObject({
      state: 'done',
      reply: 'once',
    })
    await expect(client.send('keyed', { id: 'key-1', body: 'twice' })).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(await client.messages('keyed')).toHaveLength(1)
    expect((await client.show('keyed')).turns).toBe(1)
  })

  test('of a request makes one agent, and answers with it and its first message', async () => {
    const { client } = daemon
    const request = { ...cat, requestId: 'request-1', prompt: 'hello' }
    const [first, second] = await Promise.all([client.run(request), client.run(request)])
    expect(second.id).toBe(first.id)
    expect(second.message?.id).toBe(first.message?.id)
    expect(first.name).toMatch(/^command-\d+$/)
  })
})

test('requests with one id that race make one agent', async () => {
  await using own = await startTestDaemon()
  const { client } = own
  const request = { template: 'command', program: ['cat'], requestId: 'once', prompt: 'hello' }
  const made = await Promise.all(Array.from({ length: 10 }, async () => await client.run(request)))
  expect(new Set(made.map(({ id }) => id)).size).toBe(1)
  expect(new Set(made.map(({ message }) => message?.id)).size).toBe(1)
  expect(await client.list()).toHaveLength(1)
})

test('requests without a name that race get a name each', async () => {
  await using own = await startTestDaemon()
  const request = { template: 'command', program: ['cat'] }
  const made = await Promise.all(
    Array.from({ length: 5 }, async () => await own.client.run(request)),
  )
  expect(made.map(({ name }) => name).toSorted()).toEqual(
    [1, 2, 3, 4, 5].map((number) => `command-${number}`),
  )
})

test("an agent works in the folder it is given, else in the template's, else where its maker is, else in its own", async () => {
  await using own = await startTestDaemon()
  using folder = temporaryFolder()
  const { client, home } = own
  const [given, ofTemplate, ofMaker] = ['given', 'template', 'maker'].map((name) =>
    path.join(folder.path, name),
  )
  for (const dir of [given, ofTemplate, ofMaker, home.templatesFolder]) {
    mkdirSync(String(dir), { recursive: true })
  }
  writeFileSync(
    path.join(home.templatesFolder, 'placed.yaml'),
    JSON.stringify({ provider: 'command', program: ['cat'], dir: ofTemplate }),
  )
  const dirOf = async (request: Parameters<typeof client.run>[0]): Promise<string> =>
    (await client.run(request)).dir
  expect(await dirOf({ template: 'placed', dir: String(given), defaultDir: String(ofMaker) })).toBe(
    given,
  )
  expect(await dirOf({ template: 'placed', defaultDir: String(ofMaker) })).toBe(ofTemplate)
  expect(await dirOf({ template: 'command', program: ['cat'], defaultDir: String(ofMaker) })).toBe(
    ofMaker,
  )
  expect(await dirOf({ template: 'command', program: ['cat'] })).toMatch(
    new RegExp(`^${home.agentsFolder}/.*/work$`),
  )
})

test('an agent gets the environment that was meant for it, and nothing of the host that was not', async () => {
  await using own = await startTestDaemon({
    config: {
      env: { FROM_CONFIG: 'config', BOTH: 'config' },
      passEnv: ['LET_THROUGH', 'ANTHROPIC_API_KEY'],
    },
    env: {
      ANTHROPIC_API_KEY: 'host-key',
      CLAUDE_CONFIG_DIR: '/host',
      DROVER_SECRET: 'x',
      LET_THROUGH: 'yes',
      KEPT_BACK: 'no',
    },
    isLeftClean: true,
  })
  const { client } = own
  await client.run({
    template: 'command',
    name: 'env',
    program: ['/usr/bin/env'],
    env: { BOTH: 'own', CLAUDE_CODE_EXPERIMENTAL_X: '1' },
  })
  await waitFor('the run to end', async () => (await client.show('env')).lastRun !== null)
  const lines = saidIn(await readEvents(client)).split('\n')
  expect(lines).toEqual(
    expect.arrayContaining([
      'FROM_CONFIG=config',
      'BOTH=own',
      'LET_THROUGH=yes',
      'CLAUDE_CODE_EXPERIMENTAL_X=1',
      'DROVER_AGENT=env',
    ]),
  )
  expect(
    lines.filter((line) => /host-key|\/host|KEPT_BACK|DROVER_SECRET|NODE_COMPILE_CACHE/.test(line)),
  ).toEqual([])
})

test('a program gets its arguments whole, whatever is in them', async () => {
  const { client } = daemon
  const args = [
    '',
    ' ',
    'a b',
    '$HOME',
    '`id`',
    '"',
    "'",
    '\\',
    '*',
    '; exit 9',
    '-n',
    'ü✓',
    'a\tb',
  ]
  await client.run({
    template: 'command',
    name: 'args',
    program: ['/bin/sh', '-c', 'printf "<%s>\\n" "$@"', 'sh', ...args],
  })
  await waitFor('the run to end', async () => (await client.show('args')).lastRun !== null)
  expect(saidIn(await readEvents(client, { agent: 'args' }))).toBe(
    args.map((arg) => `<${arg}>\n`).join(''),
  )
})

test('sleep all, as `down --agents` does, leaves no process and keeps the agents', async () => {
  await using own = await startTestDaemon({ isLeftClean: true })
  for (const name of ['a', 'b', 'c']) {
    await own.client.run({ ...cat, name }, up)
  }
  await own.client.shutdown({ agents: true, deadlineMs: 60_000 })
  expect(await own.exited).toEqual({ code: 0, signal: null })
  expect(await own.marked()).toEqual([])
  expect(existsSync(own.home.socketFile)).toBe(false)
  await own.start()
  expect((await own.client.list()).map(({ name, status }) => [name, status])).toEqual([
    ['a', 'asleep'],
    ['b', 'asleep'],
    ['c', 'asleep'],
  ])
  expectGapless(await readEvents(own.client))
})

test('a daemon that ends by a signal lets its agents go on, and the next one adopts them', async () => {
  await using own = await startTestDaemon()
  const { pid, run } = await own.client.run({ ...cat, name: 'a' }, up)
  await own.restart('SIGTERM')
  expect(own.status.recovered).toMatchObject({ adopted: 1, finished: 0 })
  expect(await own.client.show('a')).toMatchObject({ pid, run, status: 'idle' })
  expect(await own.client.send('a', { body: 'still you?' }, up)).toMatchObject({
    state: 'done',
    reply: 'still you?',
    run,
  })
})
