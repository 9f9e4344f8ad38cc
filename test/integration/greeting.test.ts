import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { Daemon } from '../../src/daemon/index.ts'
import { ProcessRuntime } from '../../src/runtimes/process/index.ts'
import { RunRequest, type RunRequestInput } from '../../src/schema/requests.ts'
import { resolveHome } from '../../src/util/home.ts'
import { greetedProvider } from '../support/greeted-provider.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'

const limit = { seconds: 20, signal: AbortSignal.timeout(50_000) }

/** A home with an agent whose program must be greeted. */
class Stage implements AsyncDisposable {
  readonly folder = createTemporaryFolder()
  readonly record = path.join(this.folder, 'told')
  readonly #manner: 'plain' | 'mute' | 'refuse'
  daemon!: Daemon

  constructor(manner: 'plain' | 'mute' | 'refuse' = 'plain') {
    this.#manner = manner
    writeFileSync(this.record, '')
  }

  async up(): Promise<void> {
    this.daemon = await Daemon.start({
      home: resolveHome({ DROVER_HOME: this.folder }),
      env: { PATH: process.env['PATH'] },
      version: '0',
      providers: [greetedProvider(this.record, this.#manner)],
      runtimes: [new ProcessRuntime()],
      moveAsideCorrupt: false,
    })
  }

  async make(changes: Partial<RunRequestInput> = {}): Promise<void> {
    const request = { template: 'greeted', name: 'a', runtime: 'process', ...changes }
    await this.daemon.agents.create(RunRequest.parse(request))
  }

  async answer(id: string): Promise<unknown> {
    return await this.daemon.mailbox.await(id, limit)
  }

  /** What the programs were told, in order. */
  told(): Record<string, unknown>[] {
    return readFileSync(this.record, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line.slice(line.indexOf(' '))) as Record<string, unknown>)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon.agents.remove('a', true, limit)
    await this.daemon.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

test('a program is greeted, then told its session, then its messages, each once and in order', async () => {
  await using stage = new Stage()
  await stage.up()
  await stage.make({ initialPrompt: 'who you are' })
  await stage.daemon.mailbox.accept('a', { id: 'm1', body: 'one', from: 'user' })
  await stage.daemon.mailbox.accept('a', { id: 'm2', body: 'two', from: 'user' })
  expect(await stage.answer('m1')).toMatchObject({ state: 'done', reply: 'heard one' })
  expect(await stage.answer('m2')).toMatchObject({ state: 'done', reply: 'heard two' })
  const session = 'session of a'
  expect(stage.told()).toEqual([
    { hello: 'a' },
    { open: 'a' },
    { id: expect.any(String), text: 'who you are', session },
    { id: 'm1', text: 'one', session },
    { id: 'm2', text: 'two', session },
  ])
})

test('who goes on with its session is greeted with it, and has no initial prompt again', async () => {
  await using stage = new Stage()
  await stage.up()
  await stage.make({ initialPrompt: 'who you are' })
  await stage.daemon.mailbox.accept('a', { id: 'm1', body: 'one', from: 'user' })
  await stage.answer('m1')
  await stage.daemon.verbs.sleep('a', limit)
  await stage.daemon.mailbox.accept('a', { id: 'm2', body: 'two', from: 'user' })
  await stage.answer('m2')
  expect(stage.told().slice(-3)).toEqual([
    { hello: 'session of a' },
    { open: 'session of a' },
    { id: 'm2', text: 'two', session: 'session of session of a' },
  ])
})

test('a program that says it can not be talked to fails its run with its own words', async () => {
  await using stage = new Stage('refuse')
  await stage.up()
  await stage.make()
  await stage.daemon.mailbox.accept('a', { id: 'm1', body: 'one', from: 'user' })
  expect(await stage.answer('m1')).toMatchObject({
    state: 'failed',
    cause: 'the program could not be brought up: its session is gone',
  })
  expect(stage.told().every((line) => !('text' in line))).toBe(true)
})

test('a program that does not answer its greeting is ended at its ready deadline, and tried no more than so often', async () => {
  await using stage = new Stage('mute')
  await stage.up()
  await stage.make({ lifecycle: { readyMs: 300, tries: 2 } })
  await stage.daemon.mailbox.accept('a', { id: 'm1', body: 'one', from: 'user' })
  expect(await stage.answer('m1')).toMatchObject({ state: 'dead' })
  const { store } = stage.daemon.context
  const [agent] = [...store.agents.list()]
  expect(store.runs.listOfAgent(agent?.id ?? '').map(({ status }) => status)).toEqual([
    'failed',
    'failed',
  ])
})

test('a daemon that comes after another goes on with the greeting, and repeats no word of it', async () => {
  await using stage = new Stage()
  await stage.up()
  await stage.make()
  await stage.daemon.mailbox.accept('a', { id: 'm1', body: 'one', from: 'user' })
  await stage.daemon.stop()
  await stage.up()
  expect(await stage.answer('m1')).toMatchObject({ state: 'done', reply: 'heard one' })
  expect(stage.told().map((line) => Object.keys(line)[0])).toEqual(['hello', 'open', 'id'])
})
