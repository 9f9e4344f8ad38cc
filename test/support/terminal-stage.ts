import { rmSync, writeFileSync } from 'node:fs'
import { startServer, type ApiServer } from '../../src/api/server.ts'
import { Client, type TerminalEvent, type TerminalStream } from '../../src/client/index.ts'
import { encodeStrokes } from '../../src/core/strokes.ts'
import { Daemon } from '../../src/daemon/index.ts'
import { commandProvider } from '../../src/providers/command/index.ts'
import type { Provider } from '../../src/providers/contract.ts'
import { FakeMachine, FakeRuntime } from '../../src/runtimes/fake/index.ts'
import { ProcessRuntime } from '../../src/runtimes/process/index.ts'
import type { LifecycleWish } from '../../src/schema/lifecycle.ts'
import type { TerminalSize } from '../../src/schema/terminal.ts'
import { readSecret } from '../../src/util/secret-file.ts'
import { resolveHome } from '../../src/util/home.ts'
import { createTemporaryFolder } from './temporary-folder.ts'
import { waitFor } from './wait-for.ts'

/** Plain programs at a terminal. */
export const terminalProvider: Provider = {
  ...commandProvider,
  terminal: {
    ...commandProvider,
    capabilities: { ...commandProvider.capabilities, terminal: true },
    encode: ({ body }) =>
      encodeStrokes([
        { stroke: 'paste', text: body },
        { stroke: 'keys', text: '\r' },
      ]),
  },
}

/** Config of a daemon whose agents start however busy the machine is with other tests. */
export const uncrowded = {
  admission: { freeBytes: 0, memoryPressure: 100, cpuPressure: 100, starts: 50 },
}

/** A daemon with open doors, on a machine made up for the test, whose programs have terminals. */
export class TerminalStage implements AsyncDisposable {
  readonly machine: FakeMachine
  readonly folder: string
  readonly daemon: Daemon
  readonly server: ApiServer
  readonly client: Client

  private constructor(parts: Pick<TerminalStage, 'machine' | 'folder' | 'daemon' | 'server'>) {
    this.machine = parts.machine
    this.folder = parts.folder
    this.daemon = parts.daemon
    this.server = parts.server
    this.client = new Client({ socket: parts.server.address.socket })
  }

  static async start(): Promise<TerminalStage> {
    const folder = createTemporaryFolder()
    const home = resolveHome({ DROVER_HOME: folder })
    writeFileSync(home.configFile, JSON.stringify({ port: 0, ...uncrowded }))
    const machine = new FakeMachine()
    const daemon = await Daemon.start({
      home,
      env: { PATH: process.env['PATH'] },
      version: '0',
      providers: [terminalProvider],
      runtimes: [
        new FakeRuntime(machine, undefined, { hasTerminals: true }),
        new ProcessRuntime({ onGroupMade: () => undefined }),
      ],
      moveAsideCorrupt: false,
    })
    const server = await startServer({ daemon, onShutdown: () => undefined })
    return new TerminalStage({ machine, folder, daemon, server })
  }

  get url(): string {
    return this.server.address.url
  }

  /** The owner's. */
  get token(): string {
    return readSecret(this.daemon.context.home.tokenFile)
  }

  /** An agent at a terminal that gives back what is typed. */
  async run(name: string, lifecycle: LifecycleWish = {}): Promise<void> {
    const program: [string] = ['cat']
    const request = { template: 'command', name, runtime: 'fake', program, lifecycle }
    await this.client.run(request, { waitSeconds: 20 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close()
    await this.server.close()
    await this.daemon.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Somebody at a terminal who writes down what they are told. */
export class Onlooker implements AsyncDisposable {
  readonly stream: TerminalStream
  readonly events: TerminalEvent[] = []
  /** Resolves to why it ended; null: as it should. */
  readonly over: Promise<unknown>
  #bytes = 0

  private constructor(stream: TerminalStream) {
    this.stream = stream
    this.over = this.#follow().then(
      () => null,
      (error: unknown) => error,
    )
  }

  static async come(
    client: Client,
    name: string,
    options: { size?: TerminalSize; isReadOnly?: boolean; isBack?: boolean } = {},
  ): Promise<Onlooker> {
    const size = { cols: 80, rows: 24 }
    return new Onlooker(await client.openTerminal(name, { size, ...options }))
  }

  /** At a terminal that they have come to. */
  static at(stream: TerminalStream): Onlooker {
    return new Onlooker(stream)
  }

  /** Bytes that came. */
  get bytes(): number {
    return this.#bytes
  }

  /** What stands there, as if it were a page: all since the last screen. */
  get text(): string {
    const from = this.events.findLastIndex(({ type }) => type === 'screen')
    const bytes = this.events
      .slice(Math.max(from, 0))
      .flatMap((event) => ('bytes' in event ? [event.bytes] : []))
    return Buffer.concat(bytes).toString()
  }

  async sees(text: string): Promise<void> {
    await waitFor(`${JSON.stringify(text)} to be seen`, () => this.text.includes(text))
  }

  /** Waits for an event of this type, and gives the last one. */
  async told<T extends TerminalEvent['type']>(
    type: T,
  ): Promise<Extract<TerminalEvent, { type: T }>> {
    await waitFor(`${type} to be told`, () => this.events.some((event) => event.type === type))
    return this.events.findLast((event) => event.type === type) as Extract<
      TerminalEvent,
      { type: T }
    >
  }

  async #follow(): Promise<void> {
    for await (const event of this.stream) {
      this.events.push(event)
      this.#bytes += 'bytes' in event ? event.bytes.length : 0
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stream.close()
    await this.over
  }
}
