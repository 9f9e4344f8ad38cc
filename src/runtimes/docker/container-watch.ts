import type { Liveness } from '../contract.ts'
import type { DockerHandle } from './handle.ts'

/** What a look at a container told. */
export interface Life {
  /** When it was started last, in the engine's words; null: never. */
  startedAt: string | null
  isRunning: boolean
  isPaused: boolean
}

/**
 * What is known of containers. An event is a reason to look again, and nothing more, since it may
 * tell of what is over; while none comes, what was seen last is so. So whoever asks whether one lives
 * mostly costs no call. Where events don't come nothing is known.
 */
export class ContainerWatch {
  readonly #lives = new Map<string, Life>()
  /** Counts what may have changed each; a look that was overtaken tells nothing. */
  readonly #changes = new Map<string, number>()
  /** When something inside was ended for want of memory last, Unix ms. */
  readonly #ooms = new Map<string, number>()
  readonly #waiters = new Map<string, Set<() => void>>()
  #isUp = false
  #wasUp = false
  #generation = 0

  get isUp(): boolean {
    return this.#isUp
  }

  /** Events came, and don't any more. */
  get isDown(): boolean {
    return this.#wasUp && !this.#isUp
  }

  /** Events come, from now on without a gap. */
  up(): void {
    this.#wasUp = true
    this.#forgetAll(true)
  }

  down(): void {
    this.#forgetAll(false)
  }

  event(id: string, action: string, at: number): void {
    if (action === 'oom') {
      this.#ooms.set(id, at)
    }
    if (action === 'destroy') {
      this.#ooms.delete(id)
    }
    this.touch(id)
  }

  /** Something was done to it here: the event of that may be on its way. */
  touch(id: string): void {
    this.#changes.set(id, this.#changesOf(id) + 1)
    this.#lives.delete(id)
    this.#waiters.get(id)?.forEach((resolve) => resolve())
  }

  /** To be taken before a look, and given with what it told. */
  mark(id: string): string {
    return `${this.#generation} ${this.#changesOf(id)}`
  }

  note(id: string, life: Life, mark: string): void {
    if (this.#isUp && mark === this.mark(id)) {
      this.#lives.set(id, life)
    }
  }

  noteOom(id: string, at: number): void {
    this.#ooms.set(id, at)
  }

  /** Undefined: it must be looked at. */
  get(id: string): Life | undefined {
    return this.#lives.get(id)
  }

  /** Whether that life of it goes on; undefined: it must be looked at. */
  liveness(handle: DockerHandle): Liveness | undefined {
    const life = this.#lives.get(handle.container)
    return life && livenessOf(life, handle)
  }

  isOomKilled({ container, startedAt }: DockerHandle): boolean {
    return (this.#ooms.get(container) ?? -Infinity) >= Date.parse(startedAt)
  }

  /** Resolves when something may have become of it, or by the signal. */
  async changed(id: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiters = this.#waiters.get(id) ?? new Set()
    this.#waiters.set(id, waiters.add(resolve))
    signal.addEventListener('abort', () => resolve(), { once: true })
    if (signal.aborted) {
      resolve()
    }
    await promise
    waiters.delete(resolve)
    if (waiters.size === 0) {
      this.#waiters.delete(id)
    }
  }

  #changesOf(id: string): number {
    return this.#changes.get(id) ?? 0
  }

  #forgetAll(isUp: boolean): void {
    this.#isUp = isUp
    this.#generation++
    this.#lives.clear()
    this.#changes.clear()
    this.#waiters.forEach((waiters) => waiters.forEach((resolve) => resolve()))
  }
}

export function livenessOf(life: Life, { startedAt }: DockerHandle): Liveness {
  return life.isRunning && life.startedAt === startedAt ? 'alive' : 'dead'
}
