import { expect, test } from 'vitest'
import { Daemon } from '../../src/daemon/index.ts'
import { commandProvider } from '../../src/providers/command/index.ts'
import type { Liveness, Recovery } from '../../src/runtimes/contract.ts'
import { FakeRuntime } from '../../src/runtimes/fake/index.ts'
import { RunRequest } from '../../src/schema/requests.ts'
import { resolveHome } from '../../src/util/home.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const cause = 'the folder to start in is not there inside'

/** Brings up what ends before it has begun, and would each time. */
class RefusingRuntime extends FakeRuntime {
  override async inspect(): Promise<Liveness> {
    return 'dead'
  }

  override async recover(): Promise<Recovery> {
    return { state: 'lost', cause, isUnstarted: true, isRefused: true }
  }
}

test('what can not begin until a person has mended it fails its message with the cause, and is not tried for ever', async () => {
  using folder = temporaryFolder()
  const daemon = await Daemon.start({
    home: resolveHome({ DROVER_HOME: folder.path }),
    env: { PATH: process.env['PATH'] },
    version: '0',
    providers: [commandProvider],
    runtimes: [new RefusingRuntime()],
    moveAsideCorrupt: false,
  })
  try {
    const request = { template: 'command', name: 'a', runtime: 'fake', program: ['sleep'] }
    const { message } = await daemon.agents.create(RunRequest.parse({ ...request, prompt: 'one' }))
    const limit = { seconds: 30, signal: AbortSignal.timeout(40_000) }
    const ended = await daemon.mailbox.await(message?.id ?? '', limit)
    expect(ended).toMatchObject({
      state: 'failed',
      cause: expect.stringContaining(cause) as string,
    })
    const { id, status, lastRun } = daemon.agents.show('a')
    expect({ status, lastRun }).toMatchObject({
      status: 'asleep',
      lastRun: { status: 'failed', cause },
    })
    expect(daemon.context.store.runs.listOfAgent(id)).toHaveLength(1)
  } finally {
    await daemon.stop()
  }
})
