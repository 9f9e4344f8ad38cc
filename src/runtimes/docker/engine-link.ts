import { DroverError } from '../../schema/error.ts'
import { ContainerWatch, livenessOf, type Life } from './container-watch.ts'
import type { ContainerState } from './engine/container-state.ts'
import { Engine } from './engine/engine.ts'
import type { DockerHandle } from './handle.ts'
import { labels } from './plan-container.ts'

export interface DeadlineOptions {
  deadlineMs: number
  signal: AbortSignal
}

/**
 * The one connection to the engine, made when it is first needed, with the events that tell what
 * becomes of our containers. An engine that goes away and comes back is found again.
 */
export class EngineLink {
  readonly watch = new ContainerWatch()
  readonly #env: Readonly<Record<string, string | undefined>>
  readonly #ending = new AbortController()
  #engine: Promise<Engine> | null = null

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env
  }

  /** Errors: those of `Engine.connect`. */
  async engine(signal: AbortSignal): Promise<Engine> {
    this.#engine ??= this.#connect(signal)
    const made = this.#engine
    try {
      return await made
    } catch (error) {
      if (this.#engine === made) {
        this.#engine = null
      }
      throw error
    }
  }

  /** What is known of a container; it is looked at where something may have become of it. */
  async life(id: string, signal: AbortSignal): Promise<Life> {
    return this.watch.get(id) ?? lifeOf(await this.inspect(id, signal))
  }

  /** Looks at a container; null where there is none. */
  async inspect(id: string, signal: AbortSignal): Promise<ContainerState | null> {
    const engine = await this.engine(signal)
    const mark = this.watch.mark(id)
    const state = await engine.inspectContainer(id, signal)
    this.watch.note(id, lifeOf(state), mark)
    if (state?.isOomKilled && state.startedAt !== null) {
      this.watch.noteOom(id, Date.parse(state.startedAt))
    }
    return state
  }

  /** Resolves once that life is over; false: not by the deadline. Errors: `engine_unreachable`. */
  async untilDead(handle: DockerHandle, { deadlineMs, signal }: DeadlineOptions): Promise<boolean> {
    const deadline = AbortSignal.timeout(deadlineMs)
    const either = AbortSignal.any([deadline, signal])
    for (;;) {
      const changed = this.watch.changed(handle.container, either)
      if (livenessOf(await this.life(handle.container, signal), handle) === 'dead') {
        return true
      }
      if (deadlineMs === 0 || deadline.aborted) {
        return false
      }
      signal.throwIfAborted()
      if (!this.watch.isUp) {
        throw new DroverError('engine_unreachable', 'The engine tells nothing of its containers.')
      }
      await changed
    }
  }

  close(): void {
    this.#ending.abort()
  }

  async #connect(signal: AbortSignal): Promise<Engine> {
    const engine = await Engine.connect({ env: this.#env, signal })
    const isUp = Promise.withResolvers<void>()
    // One that nobody waited for must not go on beside the next.
    const given = new AbortController()
    signal.addEventListener('abort', () => isUp.reject(signal.reason), { once: true })
    void engine.follow(
      { type: ['container'], label: [labels.agent] },
      ({ id, action, timeMs }) => this.watch.event(id, action, timeMs),
      {
        onUp: () => {
          this.watch.up()
          isUp.resolve()
        },
        onDown: () => this.watch.down(),
      },
      AbortSignal.any([this.#ending.signal, given.signal]),
    )
    try {
      await isUp.promise
    } catch (error) {
      given.abort()
      throw error
    }
    return engine
  }
}

export function lifeOf(state: ContainerState | null): Life {
  return {
    startedAt: state?.startedAt ?? null,
    isRunning: state?.isRunning ?? false,
    isPaused: state?.isPaused ?? false,
  }
}
