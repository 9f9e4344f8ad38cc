import type { ContainerState } from '../engine/container-state.ts'
import type { Engine } from '../engine/engine.ts'
import { requireContainer } from './prepare.ts'

/** The check of a request and its start come within this, and nobody starts a container anew in it, ms. */
const recentMs = 200

/**
 * Containers that were found up a moment ago: what belongs to one start looks at its container once.
 * Whoever takes one for granted looks again before it counts.
 */
export class RecentLooks {
  readonly #looks = new Map<string, { state: ContainerState; atMs: number }>()

  /** A look that counts for the one who comes next, if it comes soon. Errors: those of `requireContainer`. */
  async ahead(engine: Engine, name: string, signal: AbortSignal): Promise<ContainerState> {
    const recent = this.#recent(name)
    if (recent) {
      return recent
    }
    const state = await this.again(engine, name, signal)
    this.#looks.set(name, { state, atMs: performance.now() })
    return state
  }

  /** The look of a moment ago, once; else one of now. Errors: those of `requireContainer`. */
  async get(engine: Engine, name: string, signal: AbortSignal): Promise<ContainerState> {
    const recent = this.#recent(name)
    this.#looks.delete(name)
    return recent ?? (await this.again(engine, name, signal))
  }

  /** Looks, whatever is known. Errors: those of `requireContainer`. */
  async again(engine: Engine, name: string, signal: AbortSignal): Promise<ContainerState> {
    this.#looks.delete(name)
    return await requireContainer(engine, name, signal)
  }

  #recent(name: string): ContainerState | null {
    const look = this.#looks.get(name)
    return look && performance.now() - look.atMs < recentMs ? look.state : null
  }
}
