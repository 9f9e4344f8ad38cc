import { expect, test } from 'vitest'
import { RunRequest } from '../../src/schema/requests.ts'
import { runDrover } from '../support/cli.ts'
import { FakeDaemon } from '../support/fake-daemon.ts'
import { readEvents, receiptsIn } from '../support/events.ts'
import { quickConfig, ScriptedClaude, startWithClaude } from '../support/scripted-claude.ts'
import { waitFor } from '../support/wait-for.ts'

const up = { waitSeconds: 30 }
const manyDeaths = { restart: { ...quickConfig.restart, deaths: 100 } }

test('a program that never begins with its message is ended, and the message is dead after its tries', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude, manyDeaths)
  const { client } = daemon
  claude.setMode('a', 'deaf')
  const { message } = await client.run(
    claude.agent('a', { prompt: 'one', lifecycle: { readyMs: 300, tries: 2 } }),
    { waitSeconds: 60 },
  )
  expect(message).toMatchObject({
    state: 'dead',
    cause: 'the program did not take it, 2 times: it had a message and took no turn in time',
  })
  expect(await client.show('a')).toMatchObject({
    status: 'asleep',
    lastRun: { status: 'failed' },
    cause: 'last run failed: it had a message and took no turn in time',
  })
  expect(claude.starts('a')).toHaveLength(2)
  expect(claude.taken('a')).toEqual([])
  // One that is not deaf is given its own time.
  claude.setMode('a', '')
  expect(await client.send('a', { body: 'two' }, up)).toMatchObject({ state: 'done' })
  await client.sleep('a', up)
})

test('a program without a message may be quiet for as long as it likes', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude, manyDeaths)
  const { client } = daemon
  claude.setMode('quiet', 'deaf')
  claude.setMode('witness', 'deaf')
  await client.run(claude.agent('quiet', { lifecycle: { readyMs: 100 } }), up)
  await client.run(
    claude.agent('witness', { prompt: 'one', lifecycle: { readyMs: 100, tries: 1 } }),
    up,
  )
  expect(await client.show('quiet')).toMatchObject({ status: 'idle', lastRun: null })
  await client.stop('quiet', up)
})

test('a program that ends at once is a start that failed, in a wait and on record', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude, manyDeaths)
  const { client, env } = daemon
  claude.setMode('a', 'exit 9')
  const { message } = await client.run(claude.agent('a', { prompt: 'one' }), up)
  expect(message).toMatchObject({
    state: 'dead',
    cause: 'the program did not take it, 3 times: exit code 9: told to end with 9',
  })
  const receipts = receiptsIn(await readEvents(client))
  expect(receipts[String(message?.id)]).toEqual(['stored', 'waking', 'delivered', 'dead'])
  const shown = await runDrover(['show', 'a'], { env })
  expect(shown.stdout).toContain('told to end with 9')
})

test('a program that ignores TERM and the end of its input is killed after its grace', async () => {
  using claude = new ScriptedClaude()
  await using daemon = await startWithClaude(claude)
  const { client } = daemon
  claude.setMode('a', 'stubborn')
  const { run } = await client.run(claude.agent('a', { prompt: 'one', graceMs: 200 }), up)
  expect(await client.sleep('a', up)).toMatchObject({
    status: 'asleep',
    run: null,
    lastRun: { id: run, status: 'stopped' },
  })
  await waitFor('nothing of it to be left', async () => (await daemon.marked()).length === 0)
  const line = 'trap "" TERM; echo up; while :; do sleep 0.1; done'
  const request = { template: 'command', name: 'b', program: ['/bin/sh', '-c', line], graceMs: 0 }
  await client.run(request, up)
  await client.stop('b', up)
  expect(await client.show('b')).toMatchObject({ status: 'stopped', run: null })
})

test('a start that hangs is given up at its deadline, and so is its message after its tries', async () => {
  await using fake = await FakeDaemon.start({ ...quickConfig, ...manyDeaths })
  const { daemon, runtime, limit } = fake
  runtime.faults.arm('start-hangs', Infinity)
  const lifecycle = { bootMs: 100, tries: 2 }
  const request = { template: 'command', name: 'a', runtime: 'fake', program: ['cat'], lifecycle }
  const { message } = await daemon.agents.create(RunRequest.parse({ ...request, prompt: 'one' }))
  expect(await daemon.mailbox.await(String(message?.id), limit)).toMatchObject({
    state: 'dead',
    cause: 'the program could not be brought up, 2 times: it was not up within 0.1 s',
  })
  runtime.faults.disarm('start-hangs')
  const second = daemon.mailbox.send('a', { body: 'two', from: 'user' })
  expect(await daemon.mailbox.await(second.id, limit)).toMatchObject({ state: 'done' })
  await daemon.verbs.stop('a', limit)
})

test('a program that has ended before its start comes back was up once', async () => {
  await using fake = await FakeDaemon.start(quickConfig)
  const { daemon, limit } = fake
  for (const [name, program] of [
    ['well', ['true']],
    ['badly', ['false']],
  ] as const) {
    const request = { template: 'command', name, runtime: 'fake', program }
    await daemon.agents.create(RunRequest.parse(request))
    await daemon.verbs.settled(name, limit)
    expect(daemon.agents.show(name)).toMatchObject({ status: 'asleep', run: null })
    await daemon.agents.create(RunRequest.parse({ ...request, name: `${name}-again` }))
    await daemon.verbs.settled(`${name}-again`, limit)
    expect(fake.events(name, 'run.starting')).toHaveLength(1)
  }
})
