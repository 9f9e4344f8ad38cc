import { expect, test } from 'vitest'
import { Daemon } from '../../src/daemon/index.ts'
import { commandProvider } from '../../src/providers/command/index.ts'
import type { Handle, Recovery, RunReference } from '../../src/runtimes/contract.ts'
import { FakeRuntime } from '../../src/runtimes/fake/index.ts'
import { RunRequest } from '../../src/schema/requests.ts'
import { abortable } from '../../src/util/abortable.ts'
import { resolveHome } from '../../src/util/home.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const limit = { seconds: 10, signal: AbortSignal.timeout(50_000) }

/** Says what became of a run once it is told to. */
class SlowRuntime extends FakeRuntime {
  readonly #told = Promise.withResolvers<void>()

  tell(): void {
    this.#told.resolve()
  }

  override async recover(
    run: RunReference,
    handle: Handle | null,
    signal = new AbortController().signal,
  ): Promise<Recovery> {
    await abortable(this.#told.promise, signal)
    return await super.recover(run, handle)
  }
}

function open(home: string, runtime: FakeRuntime): Daemon {
  return Daemon.open({
    home: resolveHome({ DROVER_HOME: home }),
    env: { PATH: process.env['PATH'] },
    version: '0',
    providers: [commandProvider],
    runtimes: [runtime],
    moveAsideCorrupt: false,
  })
}

async function create(daemon: Daemon, name: string): Promise<string | null> {
  const request = { template: 'command', name, runtime: 'fake', program: ['cat'], prompt: 'one' }
  const { message } = await daemon.agents.create(RunRequest.parse(request))
  expect((await daemon.mailbox.await(message?.id ?? '', limit)).reply).toBe('one')
  return daemon.agents.show(name).run
}

test('while runs are taken up, requests are answered and what is asked waits for its run', async () => {
  using folder = temporaryFolder()
  const before = new FakeRuntime()
  const first = open(folder.path, before)
  await first.ready
  const run = await create(first, 'old')
  await first.stop()

  const slow = new SlowRuntime(before.machine)
  const second = open(folder.path, slow)
  try {
    expect(second.status()).toMatchObject({ recovering: 1, recovered: { adopted: 0 } })
    expect(second.agents.show('old')).toMatchObject({ status: 'idle', run })
    const { id } = second.mailbox.send('old', { body: 'two', from: 'user' })
    // Others are no part of it, not even as somebody's orphan.
    const other = await create(second, 'new')
    expect(second.mailbox.show(id)).toMatchObject({ state: 'stored' })
    expect(second.status().recovering).toBe(1)

    slow.tell()
    await second.ready
    expect(second.status()).toMatchObject({
      recovering: 0,
      recovered: { adopted: 1, finished: 0, orphans: 0, unknown: 0 },
    })
    expect(await second.mailbox.await(id, limit)).toMatchObject({
      state: 'done',
      reply: 'two',
      run,
    })
    expect(second.agents.show('new')).toMatchObject({ status: 'idle', run: other })
  } finally {
    await second.verbs.stop('old', limit)
    await second.verbs.stop('new', limit)
    await second.stop()
  }
})

test('a daemon that is ended while it takes up runs leaves them to the next one', async () => {
  using folder = temporaryFolder()
  const before = new FakeRuntime()
  const first = open(folder.path, before)
  await first.ready
  const run = await create(first, 'old')
  await first.stop()

  const second = open(folder.path, new SlowRuntime(before.machine))
  const { id } = second.mailbox.send('old', { body: 'two', from: 'user' })
  await second.stop()
  await expect(second.ready).rejects.toMatchObject({ code: 'daemon_unreachable' })

  const third = open(folder.path, new FakeRuntime(before.machine))
  try {
    await third.ready
    expect(third.status().recovered).toMatchObject({ adopted: 1, unknown: 0 })
    expect(await third.mailbox.await(id, limit)).toMatchObject({ state: 'done', reply: 'two', run })
  } finally {
    await third.verbs.stop('old', limit)
    await third.stop()
  }
})
