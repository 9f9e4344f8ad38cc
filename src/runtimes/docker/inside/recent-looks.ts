import type { ContainerState } from '../engine/container-state.ts'
import type { Engine } from '../engine/engine.ts'
import { requireContainer } from './prepare.ts'

/** A request, its check and its start come within this, ms. */
const recentMs = 1000

/**
 * Containers that were found up a moment ago: what belongs to one start looks at its container once.
 * Whoever takes one for granted looks again before it counts.
 */
export class RecentLooks {
  readonly #looks = new Map<string, { state: ContainerState; atMs: number }>()

  /** Errors: those of `requireContainer`. */
  async get(engine: Engine, name: string, signal: AbortSignal): Promise<ContainerState> {
    const recent = this.#looks.get(name)
    if (recent && performance.now() - recent.atMs < recentMs) {
      return recent.state
    }
    return await this.again(engine, name, signal)
  }

  /** Looks, whatever is known. Errors: those of `requireContainer`. */
  async again(engine: Engine, name: string, signal: AbortSignal): Promise<ContainerState> {
    this.#looks.delete(name)
    const state = await requireContainer(engine, name, signal)
    this.#looks.set(name, { state, atMs: performance.now() })
    return state
  }
}
