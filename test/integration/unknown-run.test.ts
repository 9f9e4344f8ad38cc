import { expect, test } from 'vitest'
import { Daemon } from '../../src/daemon/index.ts'
import { commandProvider } from '../../src/providers/command/index.ts'
import { FakeRuntime } from '../../src/runtimes/fake/index.ts'
import { RunRequest } from '../../src/schema/requests.ts'
import { resolveHome } from '../../src/util/home.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

test('a run whose runtime can not be asked is left alone, and taken up again once it can', async () => {
  using folder = temporaryFolder()
  const start = async (runtime: FakeRuntime): Promise<Daemon> =>
    await Daemon.start({
      home: resolveHome({ DROVER_HOME: folder.path }),
      env: { PATH: process.env['PATH'] },
      version: '0',
      providers: [commandProvider],
      runtimes: [runtime],
      moveAsideCorrupt: false,
    })
  const limit = { seconds: 10, signal: AbortSignal.timeout(50_000) }

  const before = new FakeRuntime()
  const first = await start(before)
  const request = {
    template: 'command',
    name: 'echo',
    runtime: 'fake',
    program: ['cat'],
    prompt: 'one',
  }
  const made = await first.agents.create(RunRequest.parse(request))
  expect((await first.mailbox.await(made.message?.id ?? '', limit)).reply).toBe('one')
  const { run } = first.agents.show('echo')
  await first.stop()

  const after = new FakeRuntime(before.machine)
  after.faults.arm('recover-unknown', Infinity)
  after.faults.arm('inspect-unknown', Infinity)
  const second = await start(after)
  try {
    expect(second.status().recovered).toMatchObject({ adopted: 0, finished: 0, unknown: 1 })
    expect(second.agents.show('echo')).toMatchObject({ status: 'unknown', run })
    after.faults.disarm('recover-unknown')
    after.faults.disarm('inspect-unknown')
    await waitFor('it to be known again', () => second.agents.show('echo').status !== 'unknown')
    const { id } = second.mailbox.send('echo', { body: 'two', from: 'user' })
    // Sooner than the next look: it is followed again, not only looked at.
    const soon = { ...limit, seconds: 3 }
    expect(await second.mailbox.await(id, soon)).toMatchObject({
      state: 'done',
      reply: 'two',
      run,
    })
    const said = second.context.store.events
      .after(0, 'echo')
      .events.filter(({ type }) => type === 'text')
    expect(said.map(({ json }) => json)).toEqual(['{"text":"one\\n"}', '{"text":"two\\n"}'])
  } finally {
    await second.verbs.stop('echo', limit)
    await second.stop()
  }
})
