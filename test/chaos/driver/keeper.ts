import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from '../../../src/client/index.ts'
import { isUnreachable } from '../../../src/client/resuming-stream.ts'
import { abortable } from '../../../src/util/abortable.ts'
import type { Home } from '../../../src/util/home.ts'
import type { Death } from './deaths.ts'
import { bear, type Incarnation } from './incarnation.ts'
import { Violation, type Tally } from './report.ts'

export interface KeeperOptions {
  home: Home
  clockFile: string
  /** On top of the daemons' environment. */
  env: Readonly<Record<string, string>>
  tally: Tally
  /** A daemon born then, as `performance.now` counts, may fail, as on a full disk; the next is tried. */
  mayFail: (bornAt: number) => boolean
  /** Ends every wait. */
  signal: AbortSignal
}

/** How long a daemon may take to be ready, or to end when it is asked to, ms. */
const patienceMs = 60_000

/** While no daemon is there a request is made again this often, ms. */
const askAgainMs = 50

/** When all is asked and answered, a point that lies ahead is waited for this long, ms. */
const lastChanceMs = 400

/**
 * Keeps a daemon alive on one home as a service manager would, and kills it as the story says. A
 * daemon that ends by itself, says something on stderr, or does not come up is a violation.
 */
export class Keeper {
  readonly client: Client
  readonly #options: KeeperOptions
  #present: Incarnation | null = null
  /** Resolves when the next daemon takes requests; a new one once that daemon has ended. */
  #up = Promise.withResolvers<void>()
  #isUp = false
  #doomed = new WeakSet<Incarnation>()
  readonly #broken = Promise.withResolvers<never>()
  /** Id of the home, known once a daemon was ready. */
  instance: string | null = null

  constructor(options: KeeperOptions) {
    this.#options = options
    this.client = new Client({ socket: options.home.socketFile })
    this.#broken.promise.catch(() => undefined)
  }

  /** Rejects when a daemon did what it must not do by itself. */
  get broken(): Promise<never> {
    return this.#broken.promise
  }

  /** Makes a request until it is answered, by this daemon or a later one. Throws what it refuses with. */
  async ask<T>(request: () => Promise<T>): Promise<T> {
    for (;;) {
      this.#options.signal.throwIfAborted()
      try {
        return await request()
      } catch (error) {
        if (!isUnreachable(error)) {
          throw error
        }
        // Asked again before the next daemon says that it is ready: it answers while it still recovers.
        const { signal } = this.#options
        await sleep(5, undefined, { signal })
        await Promise.race([abortable(this.#up.promise, signal), sleep(askAgainMs)])
      }
    }
  }

  /** Starts a daemon without a doom; resolves once it takes requests. */
  async raise(): Promise<void> {
    for (;;) {
      const born = this.#bear(null)
      if (await this.#isReady(born)) {
        return
      }
      await sleep(100, undefined, { signal: this.#options.signal })
    }
  }

  /** Lets daemons die one after the other, then brings up one that lives. `rest`: all is asked and answered. */
  async live(deaths: readonly Death[], rest: Promise<unknown>): Promise<void> {
    for (const death of deaths) {
      this.#options.signal.throwIfAborted()
      await this.#die(death, rest)
      await sleep(death.pauseMs)
    }
    await this.raise()
  }

  /** Ends the present daemon; by SIGTERM in good order. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const present = this.#present
    if (!present || present.hasExited()) {
      return
    }
    this.#doomed.add(present)
    present.kill(signal)
    const end = await Promise.race([present.exited, sleep(patienceMs, null, { ref: false })])
    if (end === null) {
      present.kill('SIGKILL')
      throw new Violation('a daemon that is asked to end ends', [`not after ${patienceMs} ms`])
    }
  }

  async #die(death: Death, rest: Promise<unknown>): Promise<void> {
    const { tally, signal } = this.#options
    if (death.kind === 'instant') {
      if (!this.#present || this.#present.hasExited()) {
        await this.raise()
      }
      await sleep(death.afterMs, undefined, { signal })
      tally.count('kills', 'random instant')
      return await this.end('SIGKILL')
    }
    await this.#makeRoom(death)
    const born = this.#bear(death.kind === 'point' ? `${death.point}:${death.pass}` : null)
    this.#doomed.add(born)
    if (death.kind === 'startup') {
      await sleep(death.afterMs, undefined, { signal })
      tally.count('kills', 'on its way up')
    } else if (await this.#reachesPoint(born, rest)) {
      tally.count('kills', `at ${death.point}`)
      return
    } else {
      tally.count('kills', 'at rest, its point not reached')
    }
    await this.end('SIGKILL')
  }

  async #makeRoom(death: Death): Promise<void> {
    if (!this.#present || this.#present.hasExited()) {
      return
    }
    const signal = death.kind === 'point' ? death.handover : 'SIGKILL'
    if (signal === 'SIGKILL') {
      this.#options.tally.count('kills', 'to make room')
    } else {
      this.#options.tally.count('clean ends', 'SIGTERM')
    }
    await this.end(signal)
  }

  async #reachesPoint(born: Incarnation, rest: Promise<unknown>): Promise<boolean> {
    await this.#isReady(born)
    const late = rest.then(() => sleep(lastChanceMs))
    return (await Promise.race([born.exited, late])) !== undefined && born.hasExited()
  }

  #bear(fault: string | null): Incarnation {
    const { home, clockFile, env } = this.#options
    const born = bear(home, { fault, clockFile, env })
    this.#present = born
    void this.#noteReady(born)
    void this.#noteEnd(born)
    return born
  }

  async #noteReady(born: Incarnation): Promise<void> {
    const status = await born.ready
    if (status && this.#present === born && !born.hasExited()) {
      this.instance = status.instance
      this.#isUp = true
      this.#up.resolve()
    }
  }

  async #noteEnd(born: Incarnation): Promise<void> {
    const { code, signal } = await born.exited
    if (this.#isUp) {
      this.#isUp = false
      this.#up = Promise.withResolvers<void>()
    }
    if (this.#options.mayFail(born.bornAt)) {
      return
    }
    const how = `${signal ?? `code ${code}`}${born.fault ? ` with ${born.fault}` : ''}`
    if (!this.#doomed.has(born) || (code !== null && code !== 0)) {
      this.#broken.reject(
        new Violation('a daemon never ends by itself, nor badly when it is asked to', [
          `${how}: ${born.stderr()}`,
        ]),
      )
    } else if (born.stderr() !== '') {
      this.#broken.reject(new Violation('a daemon says nothing on stderr', [born.stderr()]))
    }
  }

  /** False when it ended before, which only a doomed one may, or any on a full disk. */
  async #isReady(born: Incarnation): Promise<boolean> {
    const late = sleep(patienceMs, 'late' as const, { ref: false })
    const status = await Promise.race([born.ready, late, this.broken])
    if (status === 'late') {
      throw new Violation('a daemon comes up', [`not after ${patienceMs} ms: ${born.stderr()}`])
    }
    return status !== null
  }
}
