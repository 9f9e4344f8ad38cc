import { mkdirSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Daemon } from '../../src/daemon/index.ts'
import { commandProvider } from '../../src/providers/command/index.ts'
import { FakeRuntime } from '../../src/runtimes/fake/index.ts'
import { RunRequest } from '../../src/schema/requests.ts'
import { resolveHome } from '../../src/util/home.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('who waited for another start when the daemon ended has a place in the queue of the next one', async () => {
  using folder = temporaryFolder()
  const home = resolveHome({ DROVER_HOME: folder.path })
  mkdirSync(home.folder, { recursive: true })
  const admission = { starts: 1, freeBytes: 0, memoryPressure: 100, cpuPressure: 100 }
  writeFileSync(
    home.configFile,
    JSON.stringify({ admission, restart: { backoffMs: 1, backoffMostMs: 1, deaths: 9 } }),
  )
  const start = async (runtime: FakeRuntime): Promise<Daemon> =>
    await Daemon.start({
      home,
      env: { PATH: process.env['PATH'] },
      version: '0',
      providers: [commandProvider],
      runtimes: [runtime],
      moveAsideCorrupt: false,
    })
  const soon = { seconds: 10, signal: AbortSignal.timeout(50_000) }
  const request = { template: 'command', runtime: 'fake', program: ['cat'] }

  // The one start that may be under way takes until its time is over, here and after the restart.
  const before = new FakeRuntime()
  before.faults.arm('start-hangs')
  const first = await start(before)
  const lifecycle = { bootMs: 500 }
  const names = ['first', 'second', 'third']
  const made = await Promise.all(
    names.map(
      async (name) =>
        await first.agents.create(RunRequest.parse({ ...request, name, lifecycle, prompt: name })),
    ),
  )
  await first.stop()

  const after = new FakeRuntime(before.machine)
  after.faults.arm('start-hangs')
  const second = await start(after)
  try {
    for (const [index, { message }] of made.entries()) {
      expect(await second.mailbox.await(message?.id ?? '', soon)).toMatchObject({
        state: 'done',
        reply: names[index],
      })
    }
  } finally {
    for (const name of names) {
      await second.verbs.stop(name, soon)
    }
    await second.stop()
  }
})
