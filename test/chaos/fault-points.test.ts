import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { insist } from '../support/insist.ts'
import { agentFaultPoints } from '../../src/daemon/fault-point.ts'
import { DroverError } from '../../src/schema/error.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents, receiptsIn, saidIn } from '../support/events.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const agentScript = fileURLToPath(new URL('../fixtures/taking-agent.sh', import.meta.url))

/** The second pass of those that the second message, or the second run, goes through too. */
const passes = [
  ...agentFaultPoints,
  'request-committed:2',
  'input-assigned:2',
  'input-appended:2',
  'input-rung:2',
  'input-recorded:2',
  'output-committed:2',
  'run-spawned:2',
]

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').trimEnd().split('\n')

describe.concurrent('a daemon that is killed', { timeout: 60_000 }, () => {
  test.each(passes)('at %s takes every message in once, and leaves nothing', async (fault) => {
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({ env: { DROVER_FAULT: fault }, isLeftClean: true })
    const { client } = daemon
    const first = daemon.exited
    const startNext = async (): Promise<void> => {
      await daemon.exited
      await daemon.start({ env: {} })
    }
    const ask = <T>(request: () => Promise<T>): Promise<T> => insist(startNext, request)
    const finish = (id: string): Promise<unknown> =>
      ask(async () =>
        expect((await client.message(id, { waitSeconds: 20 })).state, id).toBe('done'),
      )

    const made = await ask(() =>
      client.run({
        template: 'command',
        name: 'a',
        program: ['/bin/sh', agentScript, folder.path],
        dir: folder.path,
        prompt: 'm1',
        requestId: 'r1',
      }),
    )
    await ask(() => client.send('a', { id: 'm2', body: 'm2' }))
    await ask(() => client.send('a', { id: 'm3', body: 'm3' }))
    const ids = [made.message?.id ?? '', 'm2', 'm3', 'm4']
    for (const id of ids.slice(0, 3)) {
      await finish(id)
    }
    await ask(() => client.sleep('a', { waitSeconds: 20 }))
    await ask(() => client.send('a', { id: 'm4', body: 'm4' }))
    await finish('m4')
    expect(await ask(() => client.sleep('a', { waitSeconds: 20 }))).toMatchObject({
      status: 'asleep',
      turns: 4,
    })

    expect(linesOf(path.join(folder.path, 'taken'))).toEqual(['m1', 'm2', 'm3', 'm4'])
    await ask(async () => {
      const messages = await client.messages('a')
      expect(messages.map(({ id, state }) => [id, state])).toEqual(ids.map((id) => [id, 'done']))
      expect(new Set(messages.map(({ run }) => run)).size).toBe(
        linesOf(path.join(folder.path, 'starts')).length,
      )
    })

    await ask(() => removeForGood(daemon, 'a'))
    expect(await first).toEqual({ code: null, signal: 'SIGKILL' })
    await ask(async () => expect(await client.list({ all: true })).toEqual([]))

    const events = await ask(() => readEvents(client))
    expectGapless(events)
    expect(saidIn(events)).toBe('took m1\ntook m2\ntook m3\ntook m4\n')
    for (const states of Object.values(receiptsIn(events))) {
      expect(states).toEqual([...new Set(states)])
      expect([states[0], states.at(-1)]).toEqual(['stored', 'done'])
    }
    expect(events.filter(({ type }) => type === 'turn.ended')).toHaveLength(4)
    expect(readdirSync(daemon.home.runsFolder)).toEqual([])
    expect(readdirSync(daemon.home.agentsFolder)).toEqual([])
  })
})

/** A removal that was asked for and answered by nobody may have happened. */
async function removeForGood({ client }: TestDaemon, name: string): Promise<void> {
  try {
    await client.remove(name, { waitSeconds: 20 })
  } catch (error) {
    if (!(error instanceof DroverError && error.code === 'agent_not_found')) {
      throw error
    }
  }
}
