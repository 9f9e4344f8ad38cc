import { expect, test } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import type { Event } from '../../src/schema/event.ts'
import type { RunRequestInput } from '../../src/schema/requests.ts'
import { problemOf, runDrover } from '../support/cli.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { readEvents } from '../support/events.ts'
import { quickConfig, ScriptedClaude, startWithClaude } from '../support/scripted-claude.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 30 }
const start = async (restart: Record<string, number> = {}): Promise<TestDaemon> =>
  await startTestDaemon({
    config: { ...quickConfig, restart: { ...quickConfig.restart, ...restart } },
    isLeftClean: true,
  })

/** An agent of a line of shell. */
const shell = (
  name: string,
  line: string,
  part: Partial<RunRequestInput> = {},
): RunRequestInput => ({
  template: 'command',
  name,
  program: ['/bin/sh', '-c', line],
  ...part,
})

async function eventsOf(client: Client, agent: string, type: string): Promise<Event[]> {
  return (await readEvents(client, { agent })).filter((event) => event.type === type)
}

const ended =
  (client: Client, name: string, times = 1) =>
  async (): Promise<boolean> =>
    (await eventsOf(client, name, 'run.ended')).length >= times

test('a program that died comes back after its backoff, told with its cause and its time', async () => {
  await using daemon = await start({ deaths: 100 })
  const { client } = daemon
  await client.run(shell('a', 'echo boom >&2; exit 3', { lifecycle: { restart: 'on-failure' } }))
  await waitFor('it to die three times', ended(client, 'a', 3))
  await client.stop('a', up)
  const events = await readEvents(client, { agent: 'a' })
  const restarts = events.filter(({ type }) => type === 'agent.restarting')
  expect(restarts.map(({ data }) => data['attempt']).slice(0, 3)).toEqual([1, 2, 3])
  for (const { seq, at, data } of restarts.slice(0, 2)) {
    expect(data['cause']).toBe('exit code 3: boom')
    // The backoff may be next to nothing, and its event is written a moment after it was drawn.
    expect(Number(data['at'])).toBeGreaterThan(at - 100)
    const next = events.find((event) => event.seq > seq && event.type === 'run.starting')
    expect(next?.at).toBeGreaterThanOrEqual(Number(data['at']))
  }
})

test.for([
  ['never', 0, 1],
  ['never', 1, 1],
  ['on-failure', 0, 1],
  ['on-failure', 1, 5],
  ['always', 0, 5],
  ['always', 1, 5],
] as const)(
  'with %s, a program that ends with %i comes up %i times',
  async ([restart, code, times]) => {
    await using daemon = await start({ deaths: 100 })
    const { client } = daemon
    await client.run(shell('a', `exit ${code}`, { lifecycle: { restart } }))
    await waitFor('it to end', ended(client, 'a', times))
    if (times === 1) {
      // Long enough for one that comes back to have done so.
      await client.run(shell('witness', 'exit 1', { lifecycle: { restart: 'always' } }))
      await waitFor('another to come back', ended(client, 'witness', 6))
      expect(await eventsOf(client, 'a', 'run.starting')).toHaveLength(1)
      expect(await client.show('a')).toMatchObject({ status: 'asleep', waiting: null })
      await client.stop('witness', up)
    }
    await client.stop('a', up)
  },
)

test('three deaths within the window are a crash loop: the agent is given up, with its last words', async () => {
  await using daemon = await start()
  const { client, env } = daemon
  await client.run(
    shell('a', 'echo "last words"; echo boom >&2; exit 3', { lifecycle: { restart: 'always' } }),
  )
  await waitFor('it to be given up', async () => (await client.show('a')).status === 'failed')
  const cause = '3 deaths within 300 s: exit code 3: boom'
  expect(await client.show('a')).toMatchObject({ cause, run: null, waiting: null })
  const [given] = await eventsOf(client, 'a', 'agent.quarantined')
  expect(given?.data).toEqual({ cause, lines: ['last words', 'boom'] })
  expect(await eventsOf(client, 'a', 'run.starting')).toHaveLength(3)

  const listed = await runDrover(['ps', '-a'], { env })
  expect(listed.stdout).toMatch(/^a +failed .*3 deaths within 300 s/m)
  expect((await runDrover(['ps'], { env })).stdout).not.toMatch(/^a /m)
  for (const args of [
    ['send', 'a', 'hello?'],
    ['wake', 'a'],
    ['restart', 'a'],
  ]) {
    const refused = await runDrover([...args, '--json'], { env })
    expect(refused.code).toBe(4)
    expect(problemOf(refused)).toMatchObject({
      code: 'agent_quarantined',
      detail: expect.stringContaining('boom') as string,
    })
  }
  // Nothing of it is forgotten with the daemon, and nothing wakes it.
  await daemon.restart()
  expect(await client.show('a')).toMatchObject({ status: 'failed', cause })
  expect(await eventsOf(client, 'a', 'run.starting')).toHaveLength(3)
  await client.remove('a', up)
})

test('start gives an agent that was given up another three', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  claude.setMode('a', 'exit 1')
  await client.run(claude.agent('a', { lifecycle: { restart: 'on-failure' } }))
  await waitFor('it to be given up', async () => (await client.show('a')).status === 'failed')
  await client.start('a')
  await waitFor('it to be given up again', () => claude.starts('a').length === 6)
  await waitFor('it to be failed', async () => (await client.show('a')).status === 'failed')
  claude.setMode('a', '')
  expect(await client.start('a', up)).toMatchObject({ status: 'idle', cause: null })
  expect(await client.send('a', { body: 'well?' }, up)).toMatchObject({ state: 'done' })
  await client.sleep('a', up)
})

test('what waits for an agent that is given up is dead, with the reason', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude, {
    restart: { backoffMs: 300, backoffMostMs: 300 },
  })
  const { client } = daemon
  claude.setMode('a', 'exit 1')
  await client.run(claude.agent('a', { lifecycle: { tries: 50 } }), up)
  const sent = await Promise.all(
    ['one', 'two', 'three'].map(async (body) => await client.send('a', { body }, up)),
  )
  for (const message of sent) {
    expect(message).toMatchObject({
      state: 'dead',
      cause: expect.stringMatching(/^the agent was given up: 3 deaths/) as string,
    })
  }
  await expect(client.send('a', { id: 'late', body: 'late' })).rejects.toMatchObject({
    code: 'agent_quarantined',
    row: { exit: 4 },
  })
  expect(await client.message('late')).toMatchObject({ state: 'refused' })
  expect(claude.taken('a')).toEqual([])
})

test('a failure that no restart can mend gives an agent up at once where it would be restarted', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a', { lifecycle: { restart: 'on-failure' } }), up)
  expect(await client.send('a', { body: 'fail 401' }, up)).toMatchObject({ state: 'failed' })
  await waitFor('it to be given up', async () => (await client.show('a')).status === 'failed')
  expect(await client.show('a')).toMatchObject({ cause: 'exit code 1: failed with 401' })
  expect(claude.starts('a')).toHaveLength(1)
  // Where a message would wake it, the next one may.
  await client.run(claude.agent('b'), up)
  await client.send('b', { body: 'fail 401' }, up)
  await waitFor('it to be down', ended(client, 'b'))
  expect(await client.send('b', { body: 'better' }, up)).toMatchObject({ state: 'done' })
  await client.sleep('b', up)
})

test('a failure that passes by itself is tried for as long as it takes', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a', { lifecycle: { restart: 'on-failure' } }), up)
  for (let round = 1; round <= 5; round++) {
    expect(await client.send('a', { body: 'fail 529' }, up)).toMatchObject({ state: 'failed' })
    await waitFor('it to be back', async () => {
      const { status } = await client.show('a')
      return status === 'idle' && claude.starts('a').length === round + 1
    })
  }
  expect(await client.send('a', { body: 'better' }, up)).toMatchObject({ state: 'done' })
  await client.sleep('a', up)
})

test('who would come back waits for the time that the failure named, and says so', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  await client.run(claude.agent('a', { lifecycle: { restart: 'on-failure' } }), up)
  const before = Date.now()
  await client.send('a', { body: 'fail 429 slow down, try again in 2 hours' }, up)
  await waitFor('it to wait', async () => (await client.show('a')).waiting?.gate === 'backoff')
  expect((await client.show('a')).waiting?.until).toBeGreaterThanOrEqual(before + 7_200_000)
  const [error] = await eventsOf(client, 'a', 'error')
  expect(error?.data).toMatchObject({ class: 'rate_limit' })
  expect(Number(error?.data['retryAt'])).toBeGreaterThanOrEqual(before + 7_200_000)
  // A person's wake is that person's own try.
  expect(await client.wake('a', up)).toMatchObject({ waiting: null })
  expect(await client.send('a', { body: 'better' }, up)).toMatchObject({ state: 'done' })
  await client.sleep('a', up)
})

test('a failure that a good turn followed is over: a crash after it is a crash', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude, {
    restart: { ...quickConfig.restart, deaths: 1 },
  })
  const { client } = daemon
  await client.run(claude.agent('a', { lifecycle: { restart: 'on-failure' } }), up)
  expect(await client.send('a', { body: 'stumble 529' }, up)).toMatchObject({ state: 'failed' })
  expect(await client.send('a', { body: 'better' }, up)).toMatchObject({ state: 'done' })
  await client.send('a', { body: 'crash' }, up)
  await waitFor('it to be given up', async () => (await client.show('a')).status === 'failed')
  await client.run(claude.agent('b', { lifecycle: { restart: 'on-failure' } }), up)
  await client.send('b', { body: 'stumble 529' }, up)
  await client.send('b', { body: 'crash' }, up)
  await waitFor('it to be back', async () => claude.starts('b').length === 2)
  await client.stop('b', up)
})

test('a wake does not wait for the backoff; a message does, and says until when', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude, {
    restart: { backoffMs: 3_600_000, backoffMostMs: 3_600_000 },
  })
  const { client, env } = daemon
  claude.setMode('a', 'exit 1')
  await client.run(claude.agent('a'), up)
  await waitFor('it to die', ended(client, 'a'))
  claude.setMode('a', '')
  const { id } = await client.send('a', { body: 'one' })
  await waitFor('it to wait', async () => (await client.message(id)).until !== null)
  const message = await client.message(id)
  expect(message).toMatchObject({
    state: 'stored',
    cause: expect.stringMatching(/^its program died: exit code 1/) as string,
    until: expect.any(Number) as number,
  })
  expect(await client.show('a')).toMatchObject({
    status: 'waking',
    queued: 1,
    waiting: { gate: 'backoff', until: message.until },
  })
  const sent = await runDrover(['send', 'a', 'two'], { env })
  expect(sent.stdout).toMatch(/^msg_\w+ {2}stored {2}waits: its program died: .*, until /)
  const late = await runDrover(['send', 'a', 'three', '--wait', '--timeout', '500ms'], { env })
  expect(late).toMatchObject({
    code: 6,
    stderr: expect.stringMatching(/still stored after 0\.5 s: its program died/) as string,
  })
  expect(await client.wake('a', up)).toMatchObject({ waiting: null })
  expect(await client.message(message.id, up)).toMatchObject({
    state: 'done',
    cause: null,
    until: null,
  })
  await client.sleep('a', up)
})
