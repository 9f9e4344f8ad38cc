import { renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents } from '../support/events.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const clockModule = fileURLToPath(new URL('driver/shifted-clock.ts', import.meta.url))
const hourMs = 3_600_000

interface Stage extends AsyncDisposable {
  daemon: TestDaemon
  folder: string
  setClock(offsetMs: number): void
}

/** A daemon whose clock can be set. */
async function openStage(config: Record<string, unknown> = {}): Promise<Stage> {
  const folder = temporaryFolder()
  const clock = path.join(folder.path, 'clock')
  const setClock = (offsetMs: number): void => {
    writeFileSync(`${clock}.next`, String(offsetMs))
    renameSync(`${clock}.next`, clock)
  }
  setClock(0)
  const env = { NODE_OPTIONS: `--import=${clockModule}`, CHAOS_CLOCK: clock }
  const daemon = await startTestDaemon({ env, config, isLeftClean: true })
  return {
    daemon,
    folder: folder.path,
    setClock,
    async [Symbol.asyncDispose]() {
      await daemon[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}

test('an answer that came in before the clock was set back is whole after its time, not hours later', async () => {
  await using stage = await openStage()
  const { client } = stage.daemon
  const gate = path.join(stage.folder, 'gate')
  const script = `read -r line; echo "one"; until [ -e ${gate} ]; do sleep 0.01; done; echo "two"; cat`
  await client.run(
    {
      template: 'command',
      name: 'a',
      program: ['/bin/sh', '-c', script],
      options: { settleMs: 400 },
    },
    { waitSeconds: 10 },
  )
  const { id } = await client.send('a', { body: 'go' })
  await waitFor('the answer to begin', async () =>
    (await readEvents(client)).some(({ type }) => type === 'text'),
  )
  stage.setClock(-11 * hourMs)
  writeFileSync(gate, '')
  expect(await client.message(id, { waitSeconds: 10 })).toMatchObject({ state: 'done' })

  // The same while nobody is there to see it.
  const next = await client.send('a', { body: 'more' })
  await waitFor('the answer to begin', async () =>
    (await readEvents(client)).some(
      ({ type, data }) => type === 'text' && data['text'] === 'more\n',
    ),
  )
  await stage.daemon.kill()
  stage.setClock(-22 * hourMs)
  await stage.daemon.start()
  expect(await client.message(next.id, { waitSeconds: 10 })).toMatchObject({ state: 'done' })
  expectGapless(await readEvents(client))
  await client.sleep('a', { waitSeconds: 10 })
})

test('an agent that waits after a death, or is idle, waits no longer when the clock is set back', async () => {
  await using stage = await openStage({
    restart: { backoffMs: 1000, backoffMostMs: 1000, deaths: 9 },
  })
  const { client } = stage.daemon
  stage.setClock(5 * hourMs)
  await client.run(
    { template: 'command', name: 'dying', program: ['/bin/sh', '-c', 'read -r l; exit 3'] },
    { waitSeconds: 10 },
  )
  await client.run(
    {
      template: 'command',
      name: 'idle',
      program: ['/bin/cat'],
      prompt: 'hello',
      lifecycle: { idleMs: 2000 },
    },
    { waitSeconds: 10 },
  )
  const first = await client.send('dying', { body: 'die' }, { waitSeconds: 10 })
  expect(first).toMatchObject({ state: 'failed' })
  stage.setClock(0)
  await waitFor('it to fall asleep', async () => (await client.show('idle')).status === 'asleep')
  const second = await client.send('dying', { body: 'again' })
  expect(await client.message(second.id, { waitSeconds: 30 })).toMatchObject({ state: 'failed' })
})
