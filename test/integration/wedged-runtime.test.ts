import { expect, test } from 'vitest'
import { Daemon } from '../../src/daemon/index.ts'
import { commandProvider } from '../../src/providers/command/index.ts'
import { FakeRuntime } from '../../src/runtimes/fake/index.ts'
import { RunRequest } from '../../src/schema/requests.ts'
import { resolveHome } from '../../src/util/home.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test.each(['start-hangs', 'stop-hangs'] as const)(
  'a daemon whose runtime is wedged (%s) ends all the same, and the next one goes on',
  async (fault) => {
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
    const soon = { seconds: 10, signal: AbortSignal.timeout(50_000) }
    const notAtAll = { ...soon, seconds: 0 }

    const before = new FakeRuntime()
    const first = await start(before)
    before.faults.arm(fault)
    const request = { template: 'command', name: 'a', runtime: 'fake', program: ['cat'] }
    await first.agents.create(RunRequest.parse({ ...request, prompt: 'one' }))
    if (fault === 'stop-hangs') {
      await first.verbs.settled('a', soon)
      await first.verbs.sleep('a', notAtAll)
    }
    const other = await first.agents.create(
      RunRequest.parse({ ...request, name: 'b', prompt: 'meanwhile' }),
    )
    expect((await first.mailbox.await(other.message?.id ?? '', soon)).reply).toBe('meanwhile')
    // Not its deadline ends it: that of a start is four minutes.
    await first.stop()

    const second = await start(new FakeRuntime(before.machine))
    try {
      const [message] = second.mailbox.list('a', 10)
      const { state } = await second.mailbox.await(message?.id ?? '', soon)
      expect(['done', 'failed']).toContain(state)
      if (fault === 'start-hangs') {
        expect(state).toBe('done')
      }
      const { id } = second.mailbox.send('a', { body: 'two', from: 'user' })
      expect(await second.mailbox.await(id, soon)).toMatchObject({ state: 'done', reply: 'two' })
    } finally {
      await second.verbs.stop('a', soon)
      await second.verbs.stop('b', soon)
      await second.stop()
    }
    expect(before.machine.processes).toEqual([])
  },
)
