import { rmSync, writeFileSync } from 'node:fs'
import { startServer, type ApiServer } from '../../src/api/server.ts'
import { Client } from '../../src/client/index.ts'
import { Daemon } from '../../src/daemon/index.ts'
import { FakeFaults, FakeMachine, FakeRuntime } from '../../src/runtimes/fake/index.ts'
import { ProcessRuntime } from '../../src/runtimes/process/index.ts'
import { resolveHome, type Home } from '../../src/util/home.ts'
import { createTemporaryFolder } from './temporary-folder.ts'
import { terminalProvider } from './terminal-stage.ts'

/** A daemon, its clock and its machine, all of which a test can set; the machine outlives the daemon. */
export class GuestStage implements AsyncDisposable {
  readonly machine = new FakeMachine()
  readonly faults = new FakeFaults()
  readonly home: Home
  /** How far the clock is ahead of the machine's, ms. */
  aheadMs = 0
  #daemon: Daemon | null = null
  #server: ApiServer | null = null
  #client: Client | null = null

  private constructor(home: Home) {
    this.home = home
  }

  static async start(): Promise<GuestStage> {
    const home = resolveHome({ DROVER_HOME: createTemporaryFolder() })
    writeFileSync(home.configFile, JSON.stringify({ port: 0 }))
    const stage = new GuestStage(home)
    await stage.begin()
    return stage
  }

  get daemon(): Daemon {
    return this.#daemon!
  }

  get client(): Client {
    return this.#client!
  }

  /** A client that speaks as an agent. */
  async clientOf(agent: string): Promise<Client> {
    const { id } = await this.client.show(agent)
    const { socket } = this.#server!.address
    return new Client({ socket, token: this.daemon.context.tokens.tokenOf(id) })
  }

  /** Starts the next daemon. */
  async begin(): Promise<void> {
    const { machine, faults } = this
    this.#daemon = await Daemon.start({
      home: this.home,
      env: { PATH: process.env['PATH'] },
      version: '0',
      providers: [terminalProvider],
      runtimes: [
        new FakeRuntime(machine, faults, { hasTerminals: true }),
        new ProcessRuntime({ onGroupMade: () => undefined }),
      ],
      moveAsideCorrupt: false,
      now: () => Date.now() + this.aheadMs,
    })
    this.#server = await startServer({ daemon: this.#daemon, onShutdown: () => undefined })
    this.#client = new Client({ socket: this.#server.address.socket })
  }

  async end(): Promise<void> {
    this.client.close()
    await this.#server?.close()
    await this.daemon.stop()
  }

  /** Whether a guest's program lives. */
  lives(id: string): boolean {
    return this.machine.processesOf(id).length > 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
    rmSync(this.home.folder, { recursive: true, force: true })
  }
}
