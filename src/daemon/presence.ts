import { attach, attachAgain, type AttachOptions } from './attach.ts'
import type { AgentVerbs } from './agent-verbs.ts'
import { getAgentByName } from './context.ts'
import type { Reconciler } from './reconciler.ts'

/** The longest time that a timer takes, ms: 24 days. */
const timerMostMs = 2 ** 31 - 1

/**
 * That somebody is with an agent as long as they do something: after `lifecycle.attachedMs` without
 * `stir` they count no more, until the next one.
 */
export class Presence {
  readonly #reconciler: Reconciler
  readonly #agentId: string
  readonly #timer: NodeJS.Timeout | null
  #leave: (() => void) | null

  private constructor(reconciler: Reconciler, agentId: string, leave: () => void) {
    this.#reconciler = reconciler
    this.#agentId = agentId
    this.#leave = leave
    const { attachedMs } = reconciler.context.specs.get(agentId).lifecycle
    this.#timer =
      attachedMs > 0 ? setTimeout(() => this.#forget(), Math.min(attachedMs, timerMostMs)) : null
  }

  /** They came. Errors: as `attach`. */
  static async begin(
    parts: { reconciler: Reconciler; verbs: AgentVerbs },
    name: string,
    options: AttachOptions,
  ): Promise<Presence> {
    const { id } = getAgentByName(parts.reconciler.context, name)
    const { leave } = await attach(parts, name, options)
    return new Presence(parts.reconciler, id, leave)
  }

  /** They did something. */
  stir(): void {
    this.#timer?.refresh()
    if (this.#leave) {
      return
    }
    const { store, log } = this.#reconciler.context
    if (!store.agents.get(this.#agentId)) {
      return
    }
    try {
      this.#leave = attachAgain(this.#reconciler, this.#agentId)
    } catch (error) {
      log.error({ err: error, agent: this.#agentId }, 'that somebody is back could not be stored')
    }
  }

  /** They left. */
  end(): void {
    if (this.#timer) {
      clearTimeout(this.#timer)
    }
    this.#forget()
  }

  #forget(): void {
    this.#leave?.()
    this.#leave = null
  }
}
