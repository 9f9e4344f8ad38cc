import { once } from 'node:events'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTemporaryFolder } from './temporary-folder.ts'
import { rmSync } from 'node:fs'

/**
 * A socket between a daemon and its engine, or nobody: it counts who comes, and the line can be cut
 * or go dead. `await using` removes it.
 */
export class EngineDoor implements AsyncDisposable {
  /** Connections that were made to it so far. */
  visits = 0
  readonly #folder = createTemporaryFolder('drover-door-')
  readonly #server: Server
  readonly #target: string | null
  readonly #open = new Set<Socket>()
  #state: 'open' | 'shut' | 'dead' = 'open'

  private constructor(target: string | null) {
    this.#target = target
    this.#server = createServer({ allowHalfOpen: true }, (visitor) => this.#receive(visitor))
  }

  /** Leads to the engine at `unix://PATH`; null: to nobody. */
  static async open(engineHost: string | null): Promise<EngineDoor> {
    const door = new EngineDoor(engineHost?.replace('unix://', '') ?? null)
    door.#server.listen(door.#socket)
    await once(door.#server, 'listening')
    return door
  }

  /** As `DOCKER_HOST` has it. */
  get host(): string {
    return `unix://${this.#socket}`
  }

  /** Every connection ends at once; new ones are ended, too, for so long, ms. */
  async cut(forMs: number, signal?: AbortSignal): Promise<void> {
    await this.#beFor('shut', forMs, signal)
  }

  /** Nothing passes for so long, ms, in either direction, and nobody is told; then all is cut. */
  async goDead(forMs: number, signal?: AbortSignal): Promise<void> {
    this.#open.forEach((socket) => socket.pause())
    await this.#beFor('dead', forMs, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#endAll()
    await closed
    rmSync(this.#folder, { recursive: true, force: true })
  }

  get #socket(): string {
    return path.join(this.#folder, 'socket')
  }

  async #beFor(state: 'shut' | 'dead', forMs: number, signal?: AbortSignal): Promise<void> {
    this.#state = state
    if (state === 'shut') {
      this.#endAll()
    }
    try {
      await sleep(forMs, undefined, signal ? { signal } : {})
    } finally {
      this.#endAll()
      this.#state = 'open'
    }
  }

  #receive(visitor: Socket): void {
    this.visits++
    this.#keep(visitor)
    if (this.#state === 'shut' || this.#target === null) {
      visitor.destroy()
    } else if (this.#state === 'open') {
      const engine = this.#keep(createConnection({ path: this.#target, allowHalfOpen: true }))
      visitor.pipe(engine)
      engine.pipe(visitor)
      visitor.once('close', () => engine.destroy())
      engine.once('close', () => visitor.destroy())
    }
  }

  #keep(socket: Socket): Socket {
    this.#open.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => this.#open.delete(socket))
    return socket
  }

  #endAll(): void {
    this.#open.forEach((socket) => socket.destroy())
  }
}
