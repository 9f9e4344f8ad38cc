import { rmSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Daemon } from '../../src/daemon/index.ts'
import { chatProvider } from '../../src/providers/chat/index.ts'
import { commandProvider } from '../../src/providers/command/index.ts'
import { FakeRuntime } from '../../src/runtimes/fake/index.ts'
import { ProcessRuntime } from '../../src/runtimes/process/index.ts'
import type { Runtime } from '../../src/runtimes/contract.ts'
import { RunRequest, type RunRequestInput } from '../../src/schema/requests.ts'
import { resolveHome } from '../../src/util/home.ts'
import { askingProvider } from '../support/asking-provider.ts'
import { limit } from '../support/greeted-stage.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'

let folder: string
let daemon: Daemon
beforeEach(async () => {
  folder = createTemporaryFolder()
  daemon = await open()
})
afterEach(async () => {
  for (const { name } of daemon.agents.list(true)) {
    await daemon.agents.remove(name, true, limit)
  }
  await daemon.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** A second place on this machine, one that is broken, and one that has terminals and no limits. */
async function open(): Promise<Daemon> {
  const asking = askingProvider(path.join(folder, 'asked'))
  const mute = { ...asking, capabilities: { ...asking.capabilities, approvals: false } }
  const broken = {
    probe: async () => ({ usable: false, detail: 'it is broken', hint: 'Mend it.' }),
  }
  return await Daemon.start({
    home: resolveHome({ DROVER_HOME: folder }),
    env: { PATH: process.env['PATH'] },
    version: '0',
    providers: [chatProvider, commandProvider, { ...asking, terminal: mute }],
    runtimes: [
      new ProcessRuntime(),
      changed(new ProcessRuntime(), { name: 'elsewhere' }),
      changed(new FakeRuntime(), { name: 'broken', ...broken }),
      changed(new FakeRuntime(), {
        name: 'terminals',
        capabilities: { ...new FakeRuntime().capabilities, terminal: true },
      }),
    ],
    moveAsideCorrupt: false,
  })
}

function changed(runtime: Runtime, change: Partial<Runtime>): Runtime {
  for (const [name, value] of Object.entries(change)) {
    Object.defineProperty(runtime, name, { value })
  }
  return runtime
}

async function make(request: Partial<RunRequestInput> = {}): Promise<void> {
  await daemon.agents.create(RunRequest.parse({ template: 'chat', name: 'a', ...request }))
  await daemon.verbs.settled('a', limit)
}

async function say(body: string): Promise<unknown> {
  const { id } = await daemon.mailbox.accept('a', { id: body, body, from: 'user', mode: 'queue' })
  return (await daemon.mailbox.await(id, limit)).reply
}

const moves = (): unknown[] =>
  daemon.context.store.events
    .after(0, 'a')
    .events.filter(({ type }) => type === 'agent.moved')
    .map(({ json }) => JSON.parse(json) as unknown)

async function problemOf(work: Promise<unknown>): Promise<[unknown, string]> {
  const error = (await work.catch((reason: unknown) => reason)) as Error & { code?: unknown }
  return [error.code, error.message]
}

describe('a sleeping agent', () => {
  test('wakes in another runtime, with its session, and stays there', async () => {
    await make()
    await say('one')
    const { session } = await daemon.verbs.sleep('a', limit)
    expect(await daemon.verbs.wake('a', { runtime: 'elsewhere' }, limit)).toMatchObject({
      runtime: 'elsewhere',
      status: 'idle',
      session,
    })
    expect(moves()).toEqual([{ runtime: 'elsewhere', before: 'process' }])
    expect(await say('two')).toContain('message 2 of this conversation')

    await daemon.verbs.sleep('a', limit)
    await daemon.stop()
    daemon = await open()
    expect(daemon.agents.show('a').runtime).toBe('elsewhere')
    expect(await say('three')).toContain('message 3 of this conversation')
    expect(daemon.context.store.runs.get(daemon.agents.show('a').run ?? '')?.runtime).toBe(
      'elsewhere',
    )
  })

  test('that is stopped is started there', async () => {
    await make()
    await daemon.verbs.stop('a', limit)
    const started = await daemon.verbs.start('a', { runtime: 'elsewhere' }, limit)
    expect(started).toMatchObject({ runtime: 'elsewhere', status: 'idle' })
  })

  test.each([
    ['nowhere', 'runtime_not_found', 'runtime: there is no runtime "nowhere"'],
    ['broken', 'runtime_unavailable', "runtime: broken can't be used here: it is broken. Mend it."],
    ['terminals', 'unsupported', 'limits.memoryBytes: the terminals runtime'],
  ])('does not wake in %s, and nothing is changed', async (runtime, code, message) => {
    await make({ template: 'command', program: ['cat'], limits: { memoryBytes: 64 * 1024 ** 2 } })
    await daemon.verbs.sleep('a', limit)
    const [was, said] = await problemOf(daemon.verbs.wake('a', { runtime }, limit))
    expect([was, said]).toEqual([code, expect.stringContaining(message)])
    expect(daemon.agents.show('a')).toMatchObject({ runtime: 'process', status: 'asleep' })
    expect(moves()).toEqual([])
  })

  test('does not wake where its approvals would come to nothing', async () => {
    await make({ template: 'asking', approvals: { mode: 'deny' } })
    await daemon.verbs.sleep('a', limit)
    const [code, said] = await problemOf(daemon.verbs.wake('a', { runtime: 'terminals' }, limit))
    expect([code, said]).toEqual([
      'unsupported',
      expect.stringContaining('approvals: in terminals'),
    ])
  })
})

describe('an agent that is up', () => {
  test('is not moved, and what it has is left alone', async () => {
    await make()
    const { run } = daemon.agents.show('a')
    for (const moving of [
      daemon.verbs.wake('a', { runtime: 'elsewhere', mode: 'fresh' }, limit),
      daemon.verbs.start('a', { runtime: 'elsewhere' }, limit),
    ]) {
      expect(await problemOf(moving)).toEqual([
        'agent_awake',
        'runtime: a runs in process; it can wake in elsewhere once it sleeps.',
      ])
    }
    expect(daemon.agents.show('a')).toMatchObject({ run, runtime: 'process', status: 'idle' })
    expect(moves()).toEqual([])
  })

  test('may be woken where it is', async () => {
    await make()
    const { run } = daemon.agents.show('a')
    expect(await daemon.verbs.wake('a', { runtime: 'process' }, limit)).toMatchObject({ run })
    expect(moves()).toEqual([])
  })

  test('once it is up by another wake, a wake that was being looked at does not move it', async () => {
    await make()
    await daemon.verbs.sleep('a', limit)
    const moving = problemOf(daemon.verbs.wake('a', { runtime: 'elsewhere' }, limit))
    await daemon.verbs.wake('a', {}, limit)
    expect(await moving).toEqual(['agent_awake', expect.any(String)])
    expect(daemon.agents.show('a')).toMatchObject({ runtime: 'process', status: 'idle' })
  })
})
