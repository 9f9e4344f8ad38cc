import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { suspensionFaultPoints } from '../../src/daemon/fault-point.ts'
import { findMarkedProcesses, sendSignal } from '../../src/util/process-identity.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { expectGapless, readEvents, receiptsIn, saidIn } from '../support/events.ts'
import { insist } from '../support/insist.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const main = fileURLToPath(new URL('../fixtures/pausing-daemon.ts', import.meta.url))
const agentScript = fileURLToPath(new URL('../fixtures/taking-agent.sh', import.meta.url))

/** Those of a message's way as well, once it goes to a run that rested. */
const passes = [
  ...suspensionFaultPoints,
  'run-suspend-requested:2',
  'run-suspended:2',
  'run-resumed:2',
  'request-committed:2',
  'input-assigned:2',
  'input-appended:2',
  'input-rung:2',
  'input-recorded:2',
  'output-committed:2',
]

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').trimEnd().split('\n')

/** Makes the request of one daemon after the other until one answers it. */
function asker(daemon: TestDaemon): <T>(request: () => Promise<T>) => Promise<T> {
  return (request) =>
    insist(async () => {
      await daemon.exited
      await daemon.start({ env: {} })
    }, request)
}

function agentIn(folder: string): Parameters<TestDaemon['client']['run']>[0] {
  return {
    template: 'command',
    name: 'a',
    program: ['/bin/sh', agentScript, folder],
    dir: folder,
    prompt: 'm1',
    requestId: 'r1',
    lifecycle: { rest: 'suspend' },
  }
}

describe.concurrent('a daemon that is killed', { timeout: 60_000 }, () => {
  test.each(passes)('at %s has every message taken once, by the one program', async (fault) => {
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({
      main,
      env: { DROVER_FAULT: fault },
      isLeftClean: true,
    })
    const { client } = daemon
    const first = daemon.exited
    const ask = asker(daemon)
    const finish = (id: string): Promise<unknown> =>
      ask(async () =>
        expect((await client.message(id, { waitSeconds: 20 })).state, id).toBe('done'),
      )
    const made = await ask(() => client.run(agentIn(folder.path)))
    const ids = [made.message?.id ?? '', 'm2', 'm3']
    for (const id of ids) {
      await ask(() =>
        id.startsWith('msg') ? client.message(id) : client.send('a', { id, body: id }),
      )
      await finish(id)
      await ask(async () =>
        expect(await client.sleep('a', { waitSeconds: 20 })).toMatchObject({
          status: 'asleep',
          isSuspended: true,
        }),
      )
    }
    expect(await first).toEqual({ code: null, signal: 'SIGKILL' })
    expect(linesOf(path.join(folder.path, 'taken'))).toEqual(['m1', 'm2', 'm3'])
    expect(linesOf(path.join(folder.path, 'starts'))).toHaveLength(1)

    const events = await ask(() => readEvents(client))
    expectGapless(events)
    expect(saidIn(events)).toBe('took m1\ntook m2\ntook m3\n')
    for (const states of Object.values(receiptsIn(events))) {
      expect(states).toEqual([...new Set(states)])
      expect([states[0], states.at(-1)]).toEqual(['stored', 'done'])
    }
    const rests = events.filter(({ type }) => /^run\.(suspended|resumed)$/.test(type))
    expect(rests.map(({ type }) => type)).toEqual(
      rests.map((_, index) => (index % 2 === 0 ? 'run.suspended' : 'run.resumed')),
    )
    expect(rests.at(-1)?.type).toBe('run.suspended')
    await ask(() => client.stop('a', { waitSeconds: 20 }))
    expect(await daemon.marked()).toEqual([])
    await ask(() => client.remove('a', { waitSeconds: 20 }))
  })
})

describe('a daemon that comes after', () => {
  async function suspended(folder: string, daemon: TestDaemon): Promise<string> {
    const { client } = daemon
    const { message } = await client.run(agentIn(folder))
    await client.message(message?.id ?? '', { waitSeconds: 20 })
    const { run } = await client.sleep('a', { waitSeconds: 20 })
    return run ?? ''
  }
  const signalAll = async (run: string, signal: NodeJS.Signals): Promise<void> =>
    (await findMarkedProcesses(`DROVER_RUN=${run}`)).forEach(({ pid }) => sendSignal(pid, signal))

  test('finds a run that rests, and leaves it so until there is something to do', async () => {
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({ main, isLeftClean: true })
    const run = await suspended(folder.path, daemon)
    await daemon.restart()
    expect(daemon.status.recovered).toMatchObject({ adopted: 1, finished: 0 })
    const { client } = daemon
    expect(await client.show('a')).toMatchObject({ run, status: 'asleep', isSuspended: true })
    const sent = await client.send('a', { body: 'm2' }, { waitSeconds: 20 })
    expect(sent).toMatchObject({ state: 'done', run })
    await client.sleep('a', { full: true, waitSeconds: 20 })
  })

  test('takes a run as it is that somebody else let go on, or let rest', async () => {
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({ main, isLeftClean: true })
    const run = await suspended(folder.path, daemon)
    await daemon.kill()
    await signalAll(run, 'SIGCONT')
    await daemon.start()
    const { client } = daemon
    expect(await client.show('a')).toMatchObject({ run, status: 'idle', isSuspended: false })
    expect(await client.send('a', { body: 'm2' }, { waitSeconds: 20 })).toMatchObject({
      state: 'done',
    })
    await daemon.kill()
    await signalAll(run, 'SIGSTOP')
    await daemon.start()
    expect(await client.show('a')).toMatchObject({ run, status: 'asleep', isSuspended: true })
    expect(await client.send('a', { body: 'm3' }, { waitSeconds: 20 })).toMatchObject({
      state: 'done',
      run,
    })
    expect(linesOf(path.join(folder.path, 'taken'))).toEqual(['m1', 'm2', 'm3'])
    await client.sleep('a', { full: true, waitSeconds: 20 })
  })

  test('lets a program that was stopped in its input go on, and completes that', async () => {
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({
      main,
      env: { DROVER_FAULT: 'input-assigned:2' },
      isLeftClean: true,
    })
    const { client } = daemon
    const { run, message } = await client.run(agentIn(folder.path))
    await client.message(message?.id ?? '', { waitSeconds: 20 })
    await client.send('a', { id: 'm2', body: 'm2' }).catch(() => undefined)
    await daemon.exited
    await signalAll((await runOf(daemon)) ?? run ?? '', 'SIGSTOP')
    await daemon.start({ env: {} })
    expect(await client.message('m2', { waitSeconds: 20 })).toMatchObject({ state: 'done' })
    expect(linesOf(path.join(folder.path, 'taken'))).toEqual(['m1', 'm2'])
    expect(linesOf(path.join(folder.path, 'starts'))).toHaveLength(1)
    await client.sleep('a', { full: true, waitSeconds: 20 })
  })

  test('finds a run that was killed at its rest, and no message is lost with it', async () => {
    using folder = temporaryFolder()
    await using daemon = await startTestDaemon({ main, isLeftClean: true })
    const run = await suspended(folder.path, daemon)
    await daemon.kill()
    await daemon.killMarked()
    await daemon.start()
    const { client } = daemon
    const asleep = await client.show('a')
    expect(asleep).toMatchObject({ status: 'asleep', run: null, isSuspended: false })
    expect(asleep.lastRun).toMatchObject({ id: run, status: 'lost' })
    expect(await client.send('a', { body: 'm2' }, { waitSeconds: 20 })).toMatchObject({
      state: 'done',
    })
    expect(linesOf(path.join(folder.path, 'starts'))).toHaveLength(2)
    await client.sleep('a', { full: true, waitSeconds: 20 })
  })
})

/** The mark of what lives, while no daemon can be asked. */
async function runOf(daemon: TestDaemon): Promise<string | undefined> {
  const [marked] = await daemon.marked()
  return marked?.environment
    .split('\0')
    .find((entry) => entry.startsWith('DROVER_RUN='))
    ?.slice(11)
}
