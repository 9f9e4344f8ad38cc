import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { isUnreachable } from '../../src/client/resuming-stream.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents } from '../support/events.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const ends = [
  { how: 'well', end: 'exit 0', state: 'done', run: { status: 'exited', exitCode: 0 } },
  { how: 'with code 3', end: 'exit 3', state: 'failed', run: { status: 'failed', exitCode: 3 } },
  {
    how: 'by a signal',
    end: 'kill -KILL $$',
    state: 'failed',
    run: { status: 'failed', cause: 'ended by SIGKILL' },
  },
  {
    how: 'with its holder, leaving no record',
    end: 'exec sleep 600',
    state: 'failed',
    run: { status: 'lost' },
  },
]

/** With the first message at hand it is in the input before the program starts; without, it comes later. */
const ways = [
  { fault: 'run-spawned', isFirst: true },
  { fault: 'run-recorded', isFirst: true },
  { fault: 'input-rung', isFirst: false },
  { fault: 'input-recorded', isFirst: false },
]

describe.concurrent('a program that takes its message and ends while the daemon, killed', () => {
  for (const { fault, isFirst } of ways) {
    test.each(ends)(
      `at ${fault}, is dead, here $how, has taken it once`,
      async ({ end, state, run }) => {
        using folder = temporaryFolder()
        await using daemon = await startTestDaemon({
          env: { DROVER_FAULT: fault },
          isLeftClean: true,
        })
        const { client } = daemon
        const file = path.join(folder.path, 'taken')
        const program = ['/bin/sh', '-c', `read -r line; echo "$line" >>${file}; ${end}`]
        const request = {
          template: 'command',
          name: 'a',
          dir: folder.path,
          program,
          requestId: 'r',
        }
        const ignore = (error: unknown): void => {
          if (!isUnreachable(error)) {
            throw error
          }
        }
        if (isFirst) {
          await client.run({ ...request, prompt: 'once' }).catch(ignore)
        } else {
          await client.run(request, { waitSeconds: 10 })
          await client.send('a', { id: 'm', body: 'once' }).catch(ignore)
        }
        expect(await daemon.exited).toEqual({ code: null, signal: 'SIGKILL' })

        await waitFor('the message to be taken', () => takenIn(file) !== '')
        if (run.status === 'lost') {
          await daemon.killMarked()
        }
        await waitFor('all of it to be gone', async () => (await daemon.marked()).length === 0)
        await daemon.start({ env: {} })

        const [message] = await client.messages('a')
        expect(await client.message(message?.id ?? '', { waitSeconds: 10 })).toMatchObject({
          body: 'once',
          state,
        })
        expect(await client.show('a')).toMatchObject({ status: 'asleep', run: null, lastRun: run })
        expect(takenIn(file)).toBe('once\n')
        const events = await readEvents(client)
        expectGapless(events)
        expect(events.filter(({ type }) => type === 'run.starting')).toHaveLength(1)
      },
    )
  }
})

function takenIn(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
