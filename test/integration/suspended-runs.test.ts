import { describe, expect, test } from 'vitest'
import type { Daemon } from '../../src/daemon/index.ts'
import { readView } from '../../src/daemon/views.ts'
import { whyAgent } from '../../src/daemon/why.ts'
import type { Handle, RunReference } from '../../src/runtimes/contract.ts'
import { FakeRuntime } from '../../src/runtimes/fake/index.ts'
import type { Agent } from '../../src/schema/agent.ts'
import { RunRequest, type RunRequestInput } from '../../src/schema/requests.ts'
import { FakeDaemon, startOnFake } from '../support/fake-daemon.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const soon = { seconds: 20, signal: new AbortController().signal }
const notAtAll = { ...soon, seconds: 0 }
const request: RunRequestInput = {
  template: 'command',
  runtime: 'fake',
  program: ['env', 'reply'],
  name: 'a',
  options: { settleMs: 20 },
}
type Lifecycle = NonNullable<RunRequestInput['lifecycle']>

async function make(daemon: Daemon, lifecycle: Lifecycle = {}): Promise<Agent> {
  const spec = { ...request, lifecycle: { rest: 'suspend' as const, ...lifecycle } }
  await daemon.agents.create(RunRequest.parse(spec))
  return await daemon.verbs.settled('a', soon)
}

async function say(daemon: Daemon, body: string): Promise<string | null> {
  const { id } = daemon.mailbox.send('a', { body, from: 'user' })
  return (await daemon.mailbox.await(id, soon)).reply
}

async function untilSuspended(daemon: Daemon): Promise<Agent> {
  await waitFor('it to be suspended', () => daemon.agents.show('a').isSuspended === true)
  return daemon.agents.show('a')
}

describe('an agent that is to be suspended', () => {
  test('is so after its idle time, says so, and a message goes on in the very process', async () => {
    await using stage = await FakeDaemon.start()
    const { daemon, runtime } = stage
    const { run } = await make(daemon, { idleMs: 30 })
    expect(await say(daemon, 'one')).toBe('reply: one')
    const [leader] = runtime.machine.processes
    for (const body of ['two', 'three']) {
      const asleep = await untilSuspended(daemon)
      expect(asleep).toMatchObject({ status: 'asleep', cause: 'suspended', run })
      expect(await say(daemon, body)).toBe(`reply: ${body}`)
    }
    await untilSuspended(daemon)
    expect(runtime.machine.processes).toEqual([leader])
    const rests = stage.events('a', 'run.suspended').length
    expect(stage.events('a', 'run.resumed')).toHaveLength(rests - 1)
    expect(stage.events('a', 'run.starting')).toHaveLength(1)
    const statuses = stage.events('a', 'agent.status').map(({ status }) => status)
    expect(statuses.slice(-2)).toEqual(['stopping', 'asleep'])
    expect(statuses.join()).toContain('asleep,waking,idle')
  })

  test('is so when it is put to sleep, and its run ends when that is to be full', async () => {
    await using stage = await FakeDaemon.start()
    const { daemon, runtime } = stage
    const { run } = await make(daemon)
    expect(await daemon.verbs.sleep('a', soon)).toMatchObject({
      status: 'asleep',
      isSuspended: true,
      run,
    })
    // Once more is nothing new.
    expect(await daemon.verbs.sleep('a', soon)).toMatchObject({ isSuspended: true, run })
    expect(whyAgent(daemon.context, 'a')).toMatchObject({
      because: 'it is suspended; its program goes on where it was',
      since: expect.any(Number),
      holders: [],
      next: { what: 'ends-run', reason: 'for it was suspended for long' },
    })
    expect(await daemon.verbs.sleep('a', soon, { full: true })).toMatchObject({
      status: 'asleep',
      isSuspended: false,
      run: null,
    })
    expect(runtime.machine.processes).toEqual([])
  })

  test('goes on for a wake and for somebody who attaches', async () => {
    await using stage = await FakeDaemon.start()
    const { daemon } = stage
    const { run } = await make(daemon)
    await daemon.verbs.sleep('a', soon)
    expect(await daemon.verbs.wake('a', {}, soon)).toMatchObject({ status: 'idle', run })
    await daemon.verbs.sleep('a', soon)
    const attached = await daemon.attach('a', { isBack: false, signal: soon.signal })
    await waitFor('it to be up', () => daemon.agents.show('a').status === 'idle')
    expect(daemon.agents.show('a')).toMatchObject({ run, attached: 1 })
    attached.leave()
  })

  test('gives back what it holds once it was suspended for long', async () => {
    await using stage = await FakeDaemon.start()
    const { daemon, runtime } = stage
    await make(daemon, { idleMs: 20, suspendedMs: 40, restart: 'always' })
    await waitFor('its run to be over', () => daemon.agents.show('a').run === null)
    expect(runtime.machine.processes).toEqual([])
    expect(daemon.agents.show('a')).toMatchObject({
      status: 'asleep',
      lastRun: { status: 'stopped', cause: 'suspended for as long as it may be' },
    })
    expect(await say(daemon, 'again')).toBe('reply: again')
  })

  test('is as old as it was awake, and not wedged for it', async () => {
    await using stage = await FakeDaemon.start()
    const { daemon } = stage
    const { id, run } = await make(daemon, { maxAgeMs: 600_000, idleMs: 600_000 })
    await daemon.verbs.sleep('a', soon)
    const { store } = daemon.context
    const row = store.runs.get(run ?? '')
    // As if all of it was a day ago.
    const day = 86_400_000
    store.transaction('relaxed', () => store.settleClock(Date.now() - day, 0))
    expect(await say(daemon, 'one')).toBe('reply: one')
    const view = readView(daemon.context, id)
    expect(view?.run?.startedAt).toBeGreaterThan((row?.started_at ?? 0) - 60_000)
    expect(daemon.agents.show('a')).toMatchObject({ status: 'idle', run })
  })

  test.each(['stop', 'new', 'restart'] as const)('obeys %s while it is suspended', async (verb) => {
    await using stage = await FakeDaemon.start()
    const { daemon, runtime } = stage
    const { run } = await make(daemon)
    await daemon.verbs.sleep('a', soon)
    const after = await daemon.verbs[verb]('a', soon)
    if (verb === 'stop') {
      expect(after).toMatchObject({ status: 'stopped', run: null })
      expect(runtime.machine.processes).toEqual([])
      expect(() => daemon.mailbox.send('a', { body: 'no', from: 'user' })).toThrow('stopped')
    } else {
      expect(after.status).toBe('idle')
      expect(after.run).not.toBe(run)
      expect(await say(daemon, 'hello')).toBe('reply: hello')
    }
  })

  test('is removed while it is suspended, and nothing of it is left', async () => {
    await using stage = await FakeDaemon.start()
    const { daemon, runtime } = stage
    await make(daemon)
    await daemon.verbs.sleep('a', soon)
    await daemon.agents.remove('a', true, soon)
    expect(runtime.machine.processes).toEqual([])
    expect(daemon.agents.list(true)).toEqual([])
  })

  test('is refused where its runtime can not, which names the field', async () => {
    using folder = temporaryFolder()
    const runtime = new FakeRuntime(undefined, undefined, { canSuspend: false })
    const daemon = await startOnFake(folder.path, runtime)
    try {
      await expect(make(daemon)).rejects.toMatchObject({
        code: 'unsupported',
        details: { field: 'lifecycle.rest' },
      })
    } finally {
      await daemon.stop()
    }
  })
})

describe('a runtime that can not do it after all', () => {
  test('has the run ended when it can not be suspended: it sleeps as any other', async () => {
    await using stage = await FakeDaemon.start()
    const { daemon, runtime } = stage
    await make(daemon)
    runtime.faults.arm('suspend-throws')
    expect(await daemon.verbs.sleep('a', soon)).toMatchObject({
      status: 'asleep',
      run: null,
      lastRun: { status: 'stopped' },
    })
    expect(await say(daemon, 'hello')).toBe('reply: hello')
  })

  test.each(['never', 'always'] as const)(
    'has a run lost that can not be resumed (restart %s), and the next one takes the message, once',
    async (restart) => {
      await using stage = await FakeDaemon.start()
      const { daemon, runtime } = stage
      const { run } = await make(daemon, { restart })
      await daemon.verbs.sleep('a', soon)
      runtime.faults.arm('resume-throws')
      const { id } = daemon.mailbox.send('a', { body: 'hello', from: 'user' })
      const message = await daemon.mailbox.await(id, soon)
      expect(message).toMatchObject({ state: 'done', reply: 'reply: hello' })
      expect(message.run).not.toBe(run)
      expect(stage.events('a', 'run.ended')).toMatchObject([
        { status: 'lost', cause: 'it could not be resumed: The fake runtime was told so.' },
      ])
      expect(runtime.machine.processes).toHaveLength(1)
      expect(daemon.context.store.agents.get(daemon.agents.show('a').id)?.attempts).toBe(0)
    },
  )

  test('brings an agent up for a wake though its run can not be resumed', async () => {
    await using stage = await FakeDaemon.start()
    const { daemon, runtime } = stage
    const { run } = await make(daemon)
    await daemon.verbs.sleep('a', soon)
    runtime.faults.arm('resume-throws')
    const after = await daemon.verbs.wake('a', {}, soon)
    expect(after.status).toBe('idle')
    expect(after.run).not.toBe(run)
  })

  test('leaves an agent asleep whose run is lost at its rest, whatever its policy', async () => {
    await using stage = await FakeDaemon.start()
    const { daemon, runtime } = stage
    const { run } = await make(daemon, { restart: 'always' })
    await daemon.verbs.sleep('a', soon)
    runtime.machine.vanish(run ?? '')
    await waitFor('its end to be seen', () => daemon.agents.show('a').run === null)
    expect(daemon.agents.show('a')).toMatchObject({
      status: 'asleep',
      lastRun: { status: 'lost' },
    })
    expect(daemon.context.store.agents.get(daemon.agents.show('a').id)?.wish).toBeNull()
  })
})

/** Notes when a bell is rung for a run that rests: its input must not be written then. */
class WatchfulRuntime extends FakeRuntime {
  readonly untimely: string[] = []

  override notifyInput(run: RunReference): void {
    const [leader] = this.machine.processesOf(run.id)
    if (leader && leader.moves % 2 === 1) {
      this.untimely.push(run.id)
    }
    super.notifyInput(run)
  }
}

describe('a daemon that ends while its runtime gives no answer', () => {
  test.each([
    'suspend-hangs',
    'suspend-loses-answer',
    'resume-hangs',
    'resume-loses-answer',
  ] as const)('(%s) has the next one go on with the very program', async (fault) => {
    using folder = temporaryFolder()
    const runtime = new FakeRuntime()
    const first = await startOnFake(folder.path, runtime)
    const { run } = await make(first)
    if (fault.startsWith('resume')) {
      await first.verbs.sleep('a', soon)
      runtime.faults.arm(fault)
      first.mailbox.send('a', { id: 'one', body: 'one', from: 'user' })
    } else {
      runtime.faults.arm(fault)
      await first.verbs.sleep('a', notAtAll)
      first.mailbox.send('a', { id: 'one', body: 'one', from: 'user' })
    }
    await first.stop()

    const second = await startOnFake(folder.path, new FakeRuntime(runtime.machine))
    try {
      expect(await second.mailbox.await('one', soon)).toMatchObject({
        state: 'done',
        reply: 'reply: one',
        run,
      })
      expect(runtime.machine.processes).toHaveLength(1)
      await second.verbs.stop('a', soon)
      expect(runtime.machine.processes).toEqual([])
    } finally {
      await second.stop()
    }
  })

  test('leaves a run at rest that the next one finds so: nothing is written, and no bell rung', async () => {
    using folder = temporaryFolder()
    const runtime = new FakeRuntime()
    const first = await startOnFake(folder.path, runtime)
    const { run } = await make(first)
    await first.verbs.sleep('a', soon)
    await first.stop()
    const next = new WatchfulRuntime(runtime.machine)
    const second = await startOnFake(folder.path, next)
    try {
      expect(second.agents.show('a')).toMatchObject({ isSuspended: true, run })
      const { id } = second.mailbox.send('a', { body: 'one', from: 'user' })
      expect(await second.mailbox.await(id, soon)).toMatchObject({ state: 'done', run })
      expect(next.untimely).toEqual([])
    } finally {
      await second.verbs.stop('a', soon)
      await second.stop()
    }
  })

  test('and that can not be asked then touches nothing until it can', async () => {
    using folder = temporaryFolder()
    const runtime = new FakeRuntime()
    const first = await startOnFake(folder.path, runtime)
    const { run } = await make(first)
    await first.verbs.sleep('a', soon)
    await first.stop()
    const next = new FakeRuntime(runtime.machine)
    next.faults.arm('recover-unknown', Infinity)
    next.faults.arm('inspect-unknown', Infinity)
    const second = await startOnFake(folder.path, next)
    try {
      expect(second.agents.show('a').status).toBe('unknown')
      const { id } = second.mailbox.send('a', { body: 'one', from: 'user' })
      expect(runtime.machine.processes.map(({ moves }) => moves)).toEqual([1])
      next.faults.disarm('recover-unknown')
      next.faults.disarm('inspect-unknown')
      expect(await second.mailbox.await(id, soon)).toMatchObject({ state: 'done', run })
    } finally {
      await second.verbs.stop('a', soon)
      await second.stop()
    }
  })
})

/** A machine on which the way to rest and back takes as long as the test says. */
class SlowRuntime extends FakeRuntime {
  way: { begun: PromiseWithResolvers<void>; over: PromiseWithResolvers<void> } | null = null

  /** The next move begins, and is over once that is said. */
  slow(): { begun: Promise<void>; finish: () => void } {
    this.way = { begun: Promise.withResolvers(), over: Promise.withResolvers() }
    return { begun: this.way.begun.promise, finish: this.way.over.resolve }
  }

  override async suspend(...call: Parameters<FakeRuntime['suspend']>): Promise<Handle> {
    const handle = await super.suspend(...call)
    await this.#pass()
    return handle
  }

  override async resume(...call: Parameters<FakeRuntime['resume']>): Promise<Handle> {
    await this.#pass()
    return await super.resume(...call)
  }

  async #pass(): Promise<void> {
    const { way } = this
    this.way = null
    way?.begun.resolve()
    await way?.over.promise
  }
}

describe('while the way to rest and back is under way', () => {
  test('a message has it come back at once, and is taken by the very program', async () => {
    using folder = temporaryFolder()
    const runtime = new SlowRuntime()
    const daemon = await startOnFake(folder.path, runtime)
    try {
      const { run } = await make(daemon)
      const { begun, finish } = runtime.slow()
      await daemon.verbs.sleep('a', notAtAll)
      await begun
      expect(daemon.agents.show('a').status).toBe('stopping')
      const { id } = daemon.mailbox.send('a', { body: 'one', from: 'user' })
      expect(daemon.agents.show('a').status).toBe('waking')
      finish()
      expect(await daemon.mailbox.await(id, soon)).toMatchObject({ reply: 'reply: one', run })
      expect(daemon.agents.show('a')).toMatchObject({ status: 'idle', isSuspended: false })
      const told = daemon.context.store.events.after(0, 'a').events
      const statuses = told.filter(({ type }) => type === 'agent.status').map(({ json }) => json)
      expect(statuses.filter((json) => json.includes('asleep'))).toEqual([])
    } finally {
      await daemon.verbs.stop('a', soon)
      await daemon.stop()
    }
  })

  test.each(['sleep', 'wake'] as const)('(%s) a stop ends it all the same', async (verb) => {
    using folder = temporaryFolder()
    const runtime = new SlowRuntime()
    const daemon = await startOnFake(folder.path, runtime)
    try {
      await make(daemon)
      if (verb === 'wake') {
        await daemon.verbs.sleep('a', soon)
      }
      const { begun, finish } = runtime.slow()
      await (verb === 'wake'
        ? daemon.verbs.wake('a', {}, notAtAll)
        : daemon.verbs.sleep('a', notAtAll))
      await begun
      const { id } = daemon.mailbox.send('a', { body: 'one', from: 'user' })
      const stopped = daemon.verbs.stop('a', soon)
      finish()
      expect(await stopped).toMatchObject({ status: 'stopped', run: null })
      expect(daemon.mailbox.show(id)).toMatchObject({ state: 'refused' })
      expect(runtime.machine.processes).toEqual([])
    } finally {
      await daemon.stop()
    }
  })
})
