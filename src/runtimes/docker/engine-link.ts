import { abortable } from '../../util/abortable.ts'
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

  /** Whoever gives up waiting for it takes nobody else's from them. Errors: those of `Engine.connect`. */
  async engine(signal: AbortSignal): Promise<Engine> {
    return await abortable((this.#engine ??= this.#begin()), signal)
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
      await changed
    }
  }

  close(): void {
    this.#ending.abort()
  }

  #begin(): Promise<Engine> {
    const made = this.#connect()
    made.catch(() => {
      if (this.#engine === made) {
        this.#engine = null
      }
    })
    return made
  }

  async #connect(): Promise<Engine> {
    const failed = new AbortController()
    const ending = AbortSignal.any([this.#ending.signal, failed.signal])
    try {
      const engine = await Engine.connect({ env: this.#env, signal: ending })
      await this.#follow(engine, ending)
      return engine
    } catch (error) {
      failed.abort(error)
      throw error
    }
  }

  /** Resolves once events come. */
  async #follow(engine: Engine, signal: AbortSignal): Promise<void> {
    const isUp = Promise.withResolvers<void>()
    void engine.follow(
      // Podman 4 tells nothing of a label that is asked for without its value.
      {
        type: ['container'],
        ...(engine.facts.kind === 'podman' ? {} : { label: [labels.agent] }),
      },
      ({ id, action, timeMs, attributes }) => {
        if (attributes[labels.agent] !== undefined) {
          this.watch.event(id, action, timeMs)
        }
      },
      {
        onUp: () => {
          this.watch.up()
          isUp.resolve()
        },
        onDown: (error) => {
          this.watch.down()
          isUp.reject(error)
        },
      },
      signal,
    )
    await abortable(isUp.promise, signal)
  }
}

function lifeOf(state: ContainerState | null): Life {
  return {
    startedAt: state?.startedAt ?? null,
    isRunning: state?.isRunning ?? false,
    isPaused: state?.isPaused ?? false,
  }
}
