import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Daemon } from '../../src/daemon/index.ts'
import { ProcessRuntime } from '../../src/runtimes/process/index.ts'
import { RunRequest, type RunRequestInput } from '../../src/schema/requests.ts'
import type { Message, MessageMode } from '../../src/schema/message.ts'
import { resolveHome } from '../../src/util/home.ts'
import type { WaitLimit } from '../../src/util/notifier.ts'
import { greetedProvider } from './greeted-provider.ts'
import { createTemporaryFolder } from './temporary-folder.ts'

/** How long a test waits for what comes at once when all is well. */
export const limit: WaitLimit = { seconds: 20, signal: AbortSignal.timeout(50_000) }

/** A home with an agent whose program must be greeted. */
export class GreetedStage implements AsyncDisposable {
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

  async send(id: string, body: string, mode: MessageMode = 'queue'): Promise<Message> {
    return await this.daemon.mailbox.accept('a', { id, body, from: 'user', mode })
  }

  /** Once its receipt is in this state, or final. */
  async answer(id: string): Promise<Message> {
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
