import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { startTestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents } from '../support/events.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 30 }
const project = path.join(import.meta.dirname, '../..')
const whole = [process.execPath, path.join(project, 'test/fixtures/whole-runner.mjs')]

test('a program of a few lines is an agent: it answers, sleeps, and goes on with its session', async () => {
  await using daemon = await startTestDaemon({ isLeftClean: true })
  const { client } = daemon
  const program = ['sh', path.join(project, 'examples/runners/echo.sh')]
  await client.run({ template: 'ndjson', name: 'a', program }, up)
  expect(await client.send('a', { body: 'hello' }, up)).toMatchObject({ reply: '1: hello' })
  const { session } = await client.sleep('a', up)
  expect(session).toMatch(/./)
  expect(await client.send('a', { body: 'again' }, up)).toMatchObject({ reply: '2: again' })
  expect(await client.show('a')).toMatchObject({ session, turns: 2 })
  await client.new('a', up)
  expect(await client.send('a', { body: 'anew' }, up)).toMatchObject({ reply: '1: anew' })
  await client.stop('a', up)
  expectGapless(await readEvents(client))
})

test('a question of it is answered though the daemon is killed between question and answer, and once more after', async () => {
  await using daemon = await startTestDaemon({ isLeftClean: true })
  const { client } = daemon
  await client.run({ template: 'ndjson', name: 'a', program: whole, dir: daemon.home.folder }, up)
  const { id } = await client.send('a', { body: `make ${daemon.home.folder}/made` })
  const open = async () => await client.approvals.list({ state: 'open' })
  await waitFor('a question', async () => (await open()).length === 1)
  await daemon.restart()
  const [question] = await open()
  await client.approvals.approve(question?.id ?? '', {})
  await daemon.restart()
  expect(await client.message(id, up)).toMatchObject({ state: 'done', reply: 'made' })
  expect(await client.approvals.list({})).toMatchObject([
    { state: 'allowed', title: 'Make a file' },
  ])
  await client.sleep('a', up)
})

test('what it says that it can is asked of it while it runs', async () => {
  await using daemon = await startTestDaemon({ isLeftClean: true })
  const { client } = daemon
  await client.run({ template: 'ndjson', name: 'a', program: whole }, up)
  const working = async () =>
    await waitFor('it to work', async () => (await client.show('a')).status === 'working')
  await client.send('a', { body: 'slow' })
  await working()
  const joined = await client.send('a', { body: 'and this', mode: 'steer' }, up)
  expect(joined).toMatchObject({ state: 'done', reply: expect.stringMatching(/^word /) })
  const long = await client.send('a', { body: 'slow' })
  await working()
  await waitFor(
    'its turn to begin',
    async () => (await client.message(long.id)).state === 'accepted',
  )
  expect(await client.interrupt('a', up)).toMatchObject({ did: 'interrupted' })
  expect(await client.message(long.id, up)).toMatchObject({ state: 'failed', cause: 'interrupted' })
  expect(await client.reload('a', { model: 'big' })).toMatchObject({ when: 'now' })
  await client.sleep('a', up)
})

test('a program that can not what its spec asks for fails with what to do, and nothing is ignored', async () => {
  await using daemon = await startTestDaemon({ isLeftClean: true })
  const { client } = daemon
  const program = ['sh', path.join(project, 'examples/runners/echo.sh')]
  await client.run({ template: 'ndjson', name: 'a', program, model: 'big' })
  const sent = await client.send('a', { body: 'hello' }, up)
  expect(sent).toMatchObject({
    state: 'failed',
    cause: expect.stringContaining('model: the program does not say') as string,
  })
  await client.stop('a', up)
})

/** An agent on a program with this fault, in a daemon of its own. */
async function startFaulty(fault: string, more: Record<string, unknown> = {}) {
  const daemon = await startTestDaemon({ isLeftClean: true })
  const program = [...whole, fault]
  await daemon.client.run({ template: 'ndjson', name: 'a', program, ...more })
  return daemon
}

describe('a program', () => {
  test.for([
    ['exits', 'cannot find my model'],
    ['dies-in-turn', 'boom'],
  ] as const)('that %s leaves its last words', async ([fault, words]) => {
    await using daemon = await startFaulty(fault)
    const { client } = daemon
    await client.send('a', { body: 'hello' })
    await waitFor('its last words', async () =>
      JSON.stringify(await readEvents(client)).includes(words),
    )
    await client.stop('a', up)
  })

  test('that is never ready is given up, and its message with it', async () => {
    await using daemon = await startFaulty('silent', { lifecycle: { readyMs: 1000, tries: 1 } })
    const { client } = daemon
    const sent = await client.send('a', { body: 'hello' }, up)
    expect(['failed', 'dead']).toContain(sent.state)
    expect(sent.cause).toContain('took no turn in time')
    await client.stop('a', up)
  })

  test('that answers under another id, and prints what is no message, is understood all the same', async () => {
    for (const fault of ['wrong-id', 'no-id', 'chatter', 'stops-twice']) {
      await using daemon = await startFaulty(fault)
      const { client } = daemon
      const [first, second] = [
        await client.send('a', { body: 'hello' }, up),
        await client.send('a', { body: 'again' }, up),
      ]
      expect([first.reply, second.reply], fault).toEqual(['1: hello', '2: again'])
      expect(await client.show('a')).toMatchObject({ turns: 2 })
      await client.sleep('a', up)
    }
  })

  test('that tells a cost below nothing is not believed, and what else it tells is', async () => {
    await using daemon = await startFaulty('negative-cost')
    const { client } = daemon
    await client.send('a', { body: 'hello' }, up)
    expect((await client.show('a')).cost).toMatchObject({ usd: null, inputTokens: 10 })
    await client.sleep('a', up)
  })

  test('that begins a new conversation in place of the old is of no use, and the old one stays', async () => {
    await using daemon = await startFaulty('forgets-session')
    const { client } = daemon
    expect((await client.send('a', { body: 'hello' }, up)).reply).toBe('1: hello')
    const { session } = await client.sleep('a', up)
    const sent = await client.send('a', { body: 'still there?' }, up)
    expect(sent).toMatchObject({
      state: 'failed',
      cause: expect.stringContaining(`go on with session ${session}`) as string,
    })
    expect((await client.show('a')).session).toBe(session)
    await client.stop('a', up)
  })
})
