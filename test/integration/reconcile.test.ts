import { describe, expect, test } from 'vitest'
import type { Daemon } from '../../src/daemon/index.ts'
import type { Found } from '../../src/runtimes/contract.ts'
import { FakeRuntime } from '../../src/runtimes/fake/index.ts'
import { RunRequest } from '../../src/schema/requests.ts'
import { runDrover } from '../support/cli.ts'
import { startTestDaemon } from '../support/daemon.ts'
import { readEvents } from '../support/events.ts'
import { startMarked } from '../support/marked-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { startOnFake } from '../support/fake-daemon.ts'

const cat = { template: 'command', program: ['/bin/cat'] }
const up = { waitSeconds: 20 }

describe('a look at every run', () => {
  test('finds what belongs to nobody, tells of it and ends it; all else goes on', async () => {
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client, status } = daemon
    const { run, pid } = await client.run({ ...cat, name: 'a' }, up)
    expect(await client.reconcile()).toEqual({
      adopted: 1,
      finished: 0,
      orphans: 0,
      unknown: 0,
      found: [],
    })
    using orphan = await startMarked(status.instance)
    using stranger = await startMarked('home_of_somebody_else')
    const found = [
      { runtime: 'process', run: 'run_of_nobody', what: `process ${orphan.pid} (sleep)` },
    ]
    const said = await runDrover(['reconcile', '--json'], { env: daemon.env })
    expect(JSON.parse(said.stdout)).toEqual({
      adopted: 1,
      finished: 0,
      orphans: 1,
      unknown: 0,
      found,
    })
    expect(await orphan.ended).toEqual([null, 'SIGKILL'])
    expect(stranger.isAlive).toBe(true)
    expect(await client.show('a')).toMatchObject({ status: 'idle', run, pid })
    expect(await client.send('a', { body: 'still here' }, up)).toMatchObject({ state: 'done', run })
    expect(await client.reconcile()).toMatchObject({ adopted: 1, orphans: 0 })
    const told = (await readEvents(client)).filter(({ type }) => type === 'daemon.reconciled')
    expect(told.map(({ data }) => data)).toEqual([
      { adopted: 1, finished: 0, orphans: 1, unknown: 0, found },
    ])
    await client.sleep('a', up)
  })

  test('touches no agent that is on its way up, to sleep or out', async () => {
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client } = daemon
    const over = new AbortController()
    const reports = (async () => {
      const all = []
      while (!over.signal.aborted) {
        all.push(await client.reconcile())
      }
      return all
    })()
    const live = async (index: number): Promise<void> => {
      const name = `a${index}`
      const made = await client.run({ ...cat, name, prompt: 'one' }, up)
      expect(made.message).toMatchObject({ state: 'done', reply: 'one' })
      const { run } = await client.show(name)
      expect(await client.send(name, { body: 'two' }, up)).toMatchObject({ state: 'done', run })
      await client.sleep(name, up)
      expect(await client.send(name, { body: 'three' }, up)).toMatchObject({ state: 'done' })
      await client.remove(name, { force: true, ...up })
    }
    await Promise.all(Array.from({ length: 24 }, (_, index) => live(index)))
    over.abort()
    const all = await reports
    expect(all.length).toBeGreaterThan(3)
    expect(Math.max(...all.map(({ adopted }) => adopted))).toBeGreaterThan(1)
    for (const report of all) {
      expect(report).toMatchObject({ finished: 0, orphans: 0, unknown: 0, found: [] })
    }
  })

  test('finds that a program is gone that was killed with its holder', async () => {
    await using daemon = await startTestDaemon({ isLeftClean: true })
    const { client } = daemon
    await client.run({ ...cat, name: 'a' }, up)
    // Its program surely is there once it has answered.
    await client.send('a', { body: 'hello' }, up)
    await daemon.killMarked()
    expect(await client.reconcile()).toMatchObject({ adopted: 0, orphans: 0, unknown: 0 })
    expect(await client.show('a')).toMatchObject({
      status: 'asleep',
      run: null,
      lastRun: { status: 'lost', exitCode: null },
    })
  })
})

const limit = { seconds: 10, signal: AbortSignal.timeout(50_000) }
const request = { template: 'command', name: 'echo', runtime: 'fake', program: ['cat'] }

/** A runtime in which something else happens while it lists what there is. */
class InterruptedRuntime extends FakeRuntime {
  before: (() => Promise<unknown>) | null = null
  after: (() => Promise<unknown>) | null = null

  override async list(instance: string): Promise<Found[]> {
    await this.before?.()
    const found = await super.list(instance)
    await this.after?.()
    return found
  }
}

describe('an agent', () => {
  const nothing = { finished: 0, orphans: 0, unknown: 0, found: [] }

  test('that is started while a runtime lists what there is, is no orphan', async () => {
    using folder = temporaryFolder()
    const runtime = new InterruptedRuntime()
    const daemon = await startOnFake(folder.path, runtime)
    try {
      runtime.before = async () => {
        runtime.before = null
        await daemon.agents.create(RunRequest.parse(request))
        await daemon.verbs.settled('echo', limit)
      }
      expect(await daemon.reconcile()).toEqual({ adopted: 0, ...nothing })
      expect(daemon.agents.show('echo').status).toBe('idle')
      expect(runtime.machine.processes).toHaveLength(1)
    } finally {
      await daemon.verbs.stop('echo', limit)
      await daemon.stop()
    }
  })

  test.for(['stopped', 'removed'])('that was %s since it was listed is no orphan', async (how) => {
    using folder = temporaryFolder()
    const runtime = new InterruptedRuntime()
    const daemon = await startOnFake(folder.path, runtime)
    try {
      await daemon.agents.create(RunRequest.parse(request))
      await daemon.verbs.settled('echo', limit)
      runtime.after = async () => {
        runtime.after = null
        await (how === 'stopped'
          ? daemon.verbs.stop('echo', limit)
          : daemon.agents.remove('echo', true, limit))
      }
      expect(await daemon.reconcile()).toEqual({ adopted: 1, ...nothing })
      expect(runtime.machine.processes).toEqual([])
    } finally {
      await daemon.stop()
    }
  })
})

describe('a look at every run of a runtime that fails', () => {
  const eventsOf = (daemon: Daemon): string[] =>
    daemon.context.store.events.after(0, undefined).events.map(({ type }) => type)

  test('touches nothing that can not be asked', async () => {
    using folder = temporaryFolder()
    const runtime = new FakeRuntime()
    const daemon = await startOnFake(folder.path, runtime)
    try {
      await daemon.agents.create(RunRequest.parse(request))
      await daemon.verbs.settled('echo', limit)
      const { run } = daemon.agents.show('echo')
      const before = runtime.machine.processes
      runtime.faults.arm('inspect-unknown', Infinity)
      runtime.faults.arm('list-throws')
      expect(await daemon.reconcile()).toEqual({
        adopted: 0,
        finished: 0,
        orphans: 0,
        // The run, and whatever the runtime would have listed.
        unknown: 2,
        found: [],
      })
      expect(daemon.agents.show('echo')).toMatchObject({ status: 'unknown', run })
      expect(runtime.machine.processes).toEqual(before)
      runtime.faults.disarm('inspect-unknown')
      expect(await daemon.reconcile()).toMatchObject({ adopted: 1, unknown: 0 })
      expect(daemon.agents.show('echo')).toMatchObject({ status: 'idle', run })
    } finally {
      await daemon.verbs.stop('echo', limit)
      await daemon.stop()
    }
  })

  test('counts what had ended without a word', async () => {
    using folder = temporaryFolder()
    const runtime = new FakeRuntime()
    const daemon = await startOnFake(folder.path, runtime)
    try {
      await daemon.agents.create(RunRequest.parse(request))
      const { run } = await daemon.verbs.settled('echo', limit)
      runtime.machine.vanish(run ?? '')
      expect(await daemon.reconcile()).toMatchObject({ adopted: 0, finished: 1, orphans: 0 })
      expect(daemon.agents.show('echo')).toMatchObject({ run: null, lastRun: { status: 'lost' } })
      expect(eventsOf(daemon)).toContain('daemon.reconciled')
    } finally {
      await daemon.stop()
    }
  })

  test('keeps no daemon from starting', async () => {
    using folder = temporaryFolder()
    const runtime = new FakeRuntime()
    runtime.faults.arm('list-throws')
    const daemon = await startOnFake(folder.path, runtime)
    try {
      expect(daemon.status().recovered).toEqual({ adopted: 0, finished: 0, orphans: 0, unknown: 1 })
      expect(await daemon.reconcile()).toMatchObject({ unknown: 0 })
    } finally {
      await daemon.stop()
    }
  })
})
