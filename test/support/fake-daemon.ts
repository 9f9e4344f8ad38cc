import { rmSync, writeFileSync } from 'node:fs'
import { Daemon } from '../../src/daemon/index.ts'
import { commandProvider } from '../../src/providers/command/index.ts'
import { FakeRuntime } from '../../src/runtimes/fake/index.ts'
import type { Event } from '../../src/schema/event.ts'
import { resolveHome } from '../../src/util/home.ts'
import type { WaitLimit } from '../../src/util/notifier.ts'
import { createTemporaryFolder } from './temporary-folder.ts'

/** A daemon in this process, on this home and this runtime. */
export async function startOnFake(folder: string, runtime: FakeRuntime): Promise<Daemon> {
  return await Daemon.start({
    home: resolveHome({ DROVER_HOME: folder }),
    env: { PATH: process.env['PATH'] },
    version: '0',
    providers: [commandProvider],
    runtimes: [runtime],
    moveAsideCorrupt: false,
  })
}

/** A daemon in this process, on a machine made up for the test: its runtime fails on demand. */
export class FakeDaemon implements AsyncDisposable {
  readonly runtime: FakeRuntime
  readonly daemon: Daemon
  readonly #folder: string

  private constructor(folder: string, runtime: FakeRuntime, daemon: Daemon) {
    this.#folder = folder
    this.runtime = runtime
    this.daemon = daemon
  }

  static async start(config: Record<string, unknown> = {}): Promise<FakeDaemon> {
    const folder = createTemporaryFolder()
    const runtime = new FakeRuntime()
    writeFileSync(resolveHome({ DROVER_HOME: folder }).configFile, JSON.stringify(config))
    return new FakeDaemon(folder, runtime, await startOnFake(folder, runtime))
  }

  /** How long a test waits for what comes at once when all is well. */
  get limit(): WaitLimit {
    return { seconds: 20, signal: AbortSignal.timeout(50_000) }
  }

  /** What happened to an agent, by type. */
  events(agent: string, type: string): Event['data'][] {
    return this.daemon.context.store.events
      .after(0, agent)
      .events.filter((event) => event.type === type)
      .map(({ json }) => JSON.parse(json) as Event['data'])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
