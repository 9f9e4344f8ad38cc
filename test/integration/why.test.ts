import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startModelServer } from '../../src/testing/index.ts'
import { runDrover } from '../support/cli.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { readEvents } from '../support/events.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

/** Programs are run without a question. */
const approvals = { mode: 'allow' } as const
const up = { waitSeconds: 20 }
const cat = { template: 'command', program: ['/bin/cat'] }

let daemon: TestDaemon
let model: Awaited<ReturnType<typeof startModelServer>>
beforeAll(async () => {
  model = await startModelServer()
  daemon = await startTestDaemon({
    config: {
      admission: { ephemeral: 1 },
      restart: { backoffMs: 1, deaths: 3 },
      gateway: {
        upstreams: {
          ollama: { url: 'http://127.0.0.1:9' },
          openai: { url: `${model.url}/v1`, model: 'scripted' },
        },
      },
    },
    isLeftClean: true,
  })
})
afterAll(async () => {
  await using ended = daemon
  await using server = model
  void server
  const { client } = ended
  for (const { name } of await client.list({ all: true })) {
    await client.remove(name, { force: true, ...up })
  }
})

/** When an agent came into a status for the last time, Unix ms. */
async function whenIt(was: string, agent: string): Promise<number> {
  const events = await readEvents(daemon.client, { agent })
  const found = events.findLast(
    ({ type, data }) => type === 'agent.status' && data['status'] === was,
  )
  return found?.at ?? 0
}

test('an idle agent says when it falls asleep, and does so then', async () => {
  const { client } = daemon
  await client.run({ ...cat, name: 'idle', prompt: 'one', lifecycle: { idleMs: 3000 } }, up)
  await waitFor('its turn to be over', async () => (await client.why('idle')).status === 'idle')
  const why = await client.why('idle')
  expect(why).toMatchObject({
    agent: 'idle',
    because: 'its program is up and has nothing to do',
    next: { what: 'sleeps', reason: 'after 3 s without work' },
    holders: [{ what: 'recent', until: why.next?.at }],
    messages: { open: 0, queued: 0, shown: [], troubled: [] },
    deaths: { attempts: 0, recent: [] },
    lines: [],
  })
  await waitFor('it to sleep', async () => (await client.why('idle')).status === 'asleep')
  expect(await whenIt('stopping', 'idle')).toBeGreaterThanOrEqual(why.next?.at ?? Infinity)
  expect(await client.why('idle')).toMatchObject({
    because: 'it had nothing to do',
    next: null,
    holders: [],
  })
})

test('a message says whose turn it waits for, and comes next when that is over', async () => {
  const { client } = daemon
  using folder = temporaryFolder()
  const gate = path.join(folder.path, 'gate')
  await client.run({ template: 'assistant', name: 'busy', dir: folder.path, approvals }, up)
  const wait = `[[bash:until [ -e ${gate} ]; do sleep 0.05; done]]`
  const first = await client.send('busy', { body: wait })
  await waitFor(
    'its turn to begin',
    async () => (await client.message(first.id)).state === 'accepted',
  )
  const second = await client.send('busy', { body: 'and this' })
  await client.send('busy', { body: 'and that' })
  expect(await client.why('busy')).toMatchObject({
    status: 'working',
    because: 'it works on a message',
    next: { what: 'takes-message', at: null, reason: 'once its turn is over' },
    holders: [{ what: 'turn' }, { what: 'queued', text: '2 messages waiting for it' }],
    messages: {
      open: 1,
      queued: 2,
      shown: [
        { id: first.id, state: 'accepted', because: 'its program works on it' },
        { id: second.id, text: 'and this', because: `waits for the turn of ${first.id}` },
        { text: 'and that', because: `waits for the turn of ${first.id}, 1 before it` },
      ],
    },
  })
  expect(existsSync(gate)).toBe(false)
  writeFileSync(gate, '')
  expect(await client.message(second.id, up)).toMatchObject({ state: 'done' })
})

test('a stopped agent shows what it refused, until something went well again', async () => {
  const { client } = daemon
  await client.run({ ...cat, name: 'held', prompt: 'one' }, up)
  await client.stop('held', up)
  await expect(client.send('held', { id: 'refused', body: 'two' })).rejects.toMatchObject({
    code: 'agent_stopped',
  })
  const { gates, ...why } = await client.why('held')
  expect(why).toMatchObject({
    status: 'stopped',
    next: null,
    messages: { troubled: [{ id: 'refused', state: 'refused', because: 'the agent is stopped' }] },
  })
  expect(gates.filter(({ isOpen }) => !isOpen)).toEqual([
    { gate: 'stopped', isOpen: false, cause: 'a person stopped it', until: null },
  ])
  const printed = await runDrover(['why', 'held'], { env: daemon.env })
  expect(printed).toMatchObject({ code: 0, stderr: '' })
  expect(printed.stdout).toMatch(/^held {2}stopped {2}a person stopped it\nnext {2}nothing, until/)
  await client.start('held', up)
  await client.send('held', { body: 'three' }, up)
  expect((await client.why('held')).messages.troubled).toEqual([])
})

test('a crash loop is told with its ends and the last words of its program', async () => {
  const { client } = daemon
  const program = ['/bin/sh', '-c', 'echo starting; echo "no such model" >&2; exit 3']
  await client.run({
    template: 'command',
    name: 'broken',
    program,
    lifecycle: { restart: 'always' },
  })
  await waitFor('it to be given up', async () => (await client.why('broken')).status === 'failed')
  const why = await client.why('broken')
  expect(why).toMatchObject({
    because: expect.stringContaining('exit code 3: no such model') as string,
    next: null,
    lastRun: { status: 'failed', exitCode: 3, cause: 'exit code 3: no such model' },
    deaths: { attempts: 3 },
    lines: ['starting', 'no such model'],
  })
  expect(why.deaths.recent.map(({ status, cause }) => [status, cause])).toEqual(
    Array.from({ length: 3 }, () => ['failed', 'exit code 3: no such model']),
  )
  expect(why.deaths.recent[0]?.run).toBe(why.lastRun?.id)
})

test('a task that waits behind another says so', async () => {
  const { client } = daemon
  using folder = temporaryFolder()
  const gate = path.join(folder.path, 'gate')
  const program = ['/bin/sh', '-c', `read -r _; until [ -e ${gate} ]; do sleep 0.05; done; echo ok`]
  const task = { template: 'command', program, dir: folder.path, prompt: 'go', ephemeral: true }
  await client.run({ ...task, name: 'task-1' }, { waitSeconds: 0 })
  await client.run({ ...task, name: 'task-2' }, { waitSeconds: 0 })
  await waitFor('the second to wait', async () => (await client.show('task-2')).waiting !== null)
  expect(await client.why('task-2')).toMatchObject({
    status: 'waking',
    because: '1 of 1 ephemeral agents are at work',
    next: { what: 'wakes', at: null, reason: 'once others before it are done' },
    messages: { shown: [{ because: 'waits: 1 of 1 ephemeral agents are at work' }] },
  })
  writeFileSync(gate, '')
  await waitFor('both to be done and gone', async () => {
    const agents = await client.list({ all: true })
    return !agents.some(({ name }) => name.startsWith('task-'))
  })
})

test('an agent out of quota says when it wakes, and its messages until when they wait', async () => {
  const { client } = daemon
  await client.run({ template: 'chat', name: 'parked' }, up)
  await client.send('parked', { body: '[[fail:429 3]]' }, up)
  await waitFor('it to be parked', async () => (await client.show('parked')).status === 'parked')
  const message = await client.send('parked', { body: 'later' })
  const why = await client.why('parked')
  expect(why).toMatchObject({
    because: expect.stringContaining('429') as string,
    next: { what: 'wakes', at: message.until, reason: 'when its quota is back' },
    messages: {
      shown: [{ id: message.id, because: 'waits: out of quota', until: message.until }],
      troubled: [{ state: 'failed', text: '[[fail:429 3]]' }],
    },
  })
  expect(await client.message(message.id, up)).toMatchObject({ state: 'done' })
  expect(await whenIt('waking', 'parked')).toBeGreaterThanOrEqual(message.until ?? Infinity)
})

test('of many messages the newest are shown, and no text is long', async () => {
  const { client } = daemon
  using folder = temporaryFolder()
  const gate = path.join(folder.path, 'gate')
  await client.run({ template: 'assistant', name: 'many', dir: folder.path, approvals }, up)
  await client.send('many', { body: `[[bash:until [ -e ${gate} ]; do sleep 0.05; done]]` })
  for (let count = 0; count < 30; count++) {
    await client.send('many', { body: `${count} ${'x'.repeat(1000)}` })
  }
  const { messages } = await client.why('many')
  expect(messages).toMatchObject({ open: 1, queued: 30 })
  expect(messages.shown.map(({ text }) => text.split(' ')[0])).toEqual(
    Array.from({ length: 20 }, (_, index) => String(index + 10)),
  )
  expect(messages.shown.at(-1)?.because).toMatch(/^waits for the turn of .*, 29 before it$/)
  expect(Math.max(...messages.shown.map(({ text }) => text.length))).toBe(200)
  await client.stop('many', up)
})

test('an agent that is written to by a schedule says when', async () => {
  const { client } = daemon
  await client.run({ ...cat, name: 'planned' }, up)
  const yearly = { cron: '0 9 1 1 *', timeZone: 'UTC', body: 'Happy new year', agent: 'planned' }
  const { next } = await client.schedules.add({ name: 'yearly', ...yearly })
  await client.schedules.add({ name: 'later', ...yearly, cron: '0 10 1 1 *' })
  expect((await client.why('planned')).scheduled).toEqual({ name: 'yearly', at: next[0] })
  await client.schedules.pause('yearly')
  expect((await client.why('planned')).scheduled?.name).toBe('later')
})

test('why is asked of agents that there are', async () => {
  await expect(daemon.client.why('nobody')).rejects.toMatchObject({ code: 'agent_not_found' })
})
