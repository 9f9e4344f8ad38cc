import { AgentSpec } from '../schema/agent.ts'
import type { AgentRow, Store } from '../store/index.ts'

/** Most specs kept ready; others are read anew. */
const mostKept = 2000

/** Specs as objects: decisions look at them many times for each message, and checking one takes long. */
export class SpecCache {
  readonly #store: Store
  readonly #specs = new Map<string, AgentSpec>()

  constructor(store: Store) {
    this.#store = store
  }

  /** Throws when there is no such agent. */
  get(agentId: string): AgentSpec {
    const known = this.#specs.get(agentId)
    if (known) {
      return known
    }
    const row = this.#store.agents.get(agentId)
    if (!row) {
      throw new Error(`There is no agent ${agentId}.`)
    }
    const spec = readSpec(row)
    const [oldest] = this.#specs.size < mostKept ? [] : this.#specs.keys()
    if (oldest !== undefined) {
      this.#specs.delete(oldest)
    }
    this.#specs.set(agentId, spec)
    return spec
  }

  delete(agentId: string): void {
    this.#specs.delete(agentId)
  }
}

export function readSpec(agent: Pick<AgentRow, 'spec'>): AgentSpec {
  return AgentSpec.parse(JSON.parse(agent.spec))
}
