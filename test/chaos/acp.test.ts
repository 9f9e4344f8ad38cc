import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { startTestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents, receiptsIn, saidIn } from '../support/events.ts'
import { insist } from '../support/insist.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const agentFile = fileURLToPath(new URL('../fixtures/acp-agent.mjs', import.meta.url))

/** The first pass of most is the greeting; later ones are the session, the first message, the second. */
const passes = [
  'run-recorded',
  ...['input-assigned', 'input-appended', 'input-rung', 'input-recorded'].flatMap((point) =>
    [1, 3].map((pass) => `${point}:${pass}`),
  ),
  ...['output-read', 'output-committed'].flatMap((point) =>
    [1, 2, 4].map((pass) => `${point}:${pass}`),
  ),
]

describe.concurrent(
  'a daemon that talks with an ACP program and is killed',
  { timeout: 60_000 },
  () => {
    test.each(passes)('at %s leaves one session, in which each message is once', async (fault) => {
      using folder = temporaryFolder()
      await using daemon = await startTestDaemon({
        env: { DROVER_FAULT: fault },
        isLeftClean: true,
      })
      const { client } = daemon
      const first = daemon.exited
      const ask = <T>(request: () => Promise<T>): Promise<T> =>
        insist(async () => {
          await daemon.exited
          await daemon.start({ env: {} })
        }, request)
      await ask(() =>
        client.run({
          template: 'acp',
          name: 'a',
          program: [process.execPath, agentFile, folder.path],
          dir: folder.path,
          requestId: 'r',
        }),
      )
      for (const [id, body] of [
        ['m1', '[[slow:3]]'],
        ['m2', 'two'],
      ] as const) {
        await ask(() => client.send('a', { id, body }))
        const message = await ask(() => client.message(id, { waitSeconds: 20 }))
        expect(message).toMatchObject({ id, state: 'done' })
      }
      await ask(() => client.send('a', { id: 'm3', body: '[[know]]' }))
      const { reply } = await ask(() => client.message('m3', { waitSeconds: 20 }))
      expect(JSON.parse(reply ?? '')).toMatchObject({ said: ['[[slow:3]]', 'two'] })
      expect(await first).toEqual({ code: null, signal: 'SIGKILL' })
      const events = await readEvents(client)
      expectGapless(events)
      expect(saidIn(events, 'a').startsWith('tick0 tick1 tick2 echo: two')).toBe(true)
      expect(receiptsIn(events)['m2']?.at(-1)).toBe('done')
      await client.remove('a', { force: true, waitSeconds: 20 })
    })
  },
)
