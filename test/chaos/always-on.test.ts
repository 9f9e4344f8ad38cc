import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { unitFaultPoints } from '../../src/daemon/fault-point.ts'
import { sendSignal } from '../../src/util/process-identity.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents } from '../support/events.ts'
import { insist } from '../support/insist.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const main = fileURLToPath(new URL('../fixtures/supervised-daemon.ts', import.meta.url))
const agentScript = fileURLToPath(new URL('../fixtures/taking-agent.sh', import.meta.url))

describe.concurrent('a daemon that is killed', { timeout: 60_000 }, () => {
  test.each([
    ...unitFaultPoints,
    'run-found:2',
    'input-assigned',
    'input-appended',
    'run-read-out',
    'run-ended',
    'run-released',
  ])('at %s hands an agent over once, and takes its runs as they come', async (fault) => {
    using notes = temporaryFolder()
    await using daemon = await startTestDaemon({
      main,
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
    const isDone = async (id: string): Promise<void> => {
      await ask(() => client.send('a', { id, body: id }))
      await ask(async () =>
        expect((await client.message(id, { waitSeconds: 20 })).state).toBe('done'),
      )
    }
    await ask(() =>
      client.run({
        template: 'command',
        name: 'a',
        program: ['/bin/sh', agentScript, notes.path],
        requestId: 'r',
        alwaysOn: true,
      }),
    )
    await isDone('m1')
    const { run, pid } = await ask(() => client.show('a'))
    // All of the first run, its holder too, so that it leaves no record.
    sendSignal(-(pid ?? 0), 'SIGKILL')
    await waitFor('the next run', async () => {
      const shown = await ask(() => client.show('a'))
      return shown.run !== null && shown.run !== run
    })
    await isDone('m2')
    expect(readFileSync(path.join(notes.path, 'taken'), 'utf8')).toBe('m1\nm2\n')
    await ask(() =>
      client.remove('a', { force: true, waitSeconds: 20 }).catch((error: { code?: string }) => {
        if (error.code !== 'agent_not_found') {
          throw error
        }
      }),
    )
    expect(await first).toEqual({ code: null, signal: 'SIGKILL' })
    const events = await ask(() => readEvents(client))
    expectGapless(events)
    expect(
      events
        .filter(({ type }) => type === 'daemon.recovered')
        .every(({ data }) => data['orphans'] === 0),
    ).toBe(true)
  })
})
