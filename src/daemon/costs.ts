import type { AgentDetail } from '../schema/agent.ts'
import type { BudgetChange, CostQuery, CostReport } from '../schema/cost.ts'
import { DroverError } from '../schema/error.ts'
import type { Budget } from '../schema/lifecycle.ts'
import { getAgentByName, type DaemonContext } from './context.ts'
import type { Agents } from './agents.ts'
import type { Reconciler } from './reconciler.ts'

/** What agents cost, and what they may. */
export class Costs {
  readonly #context: DaemonContext
  readonly #reconciler: Reconciler
  readonly #agents: Agents

  constructor(context: DaemonContext, reconciler: Reconciler, agents: Agents) {
    this.#context = context
    this.#reconciler = reconciler
    this.#agents = agents
  }

  /** Sums by day, agent, run or model. Errors: `agent_not_found`, for a name that never cost anything either. */
  report({ by, agent, since, limit }: CostQuery): CostReport {
    const { store, prices } = this.#context
    const agentId = agent === undefined ? null : this.#idOf(agent)
    const filter = { agentId, since: since ?? null }
    const rows = store.costs.list(by, filter, limit)
    return {
      by,
      since: filter.since,
      rows: rows.map((row) => ({ ...row, isRemoved: row.isRemoved === 1 })),
      total: store.costs.total(by, filter),
      prices: prices.asOf,
    }
  }

  /**
   * Changes what an agent may spend over its life; one that had used it up takes messages again once
   * it may spend more than it has. The same twice is the same. Errors: `agent_not_found`.
   */
  setBudget(name: string, change: BudgetChange): AgentDetail {
    const { store, specs } = this.#context
    const { records } = this.#reconciler
    const agent = getAgentByName(this.#context, name)
    const spec = specs.get(agent.id)
    const budget = changeBudget(spec.budget, change)
    try {
      records.change(agent.id, 'durable', () => {
        store.agents.setSpec(agent.id, JSON.stringify({ ...spec, budget }))
        specs.delete(agent.id)
        records.event(agent.id, 'agent.budget', { budget, before: spec.budget })
        records.advance(agent.id)
      })
    } finally {
      // What was read within a transaction that failed is not what is stored.
      specs.delete(agent.id)
    }
    this.#reconciler.kick(agent.id)
    return this.#agents.show(name)
  }

  /** Of a living agent, else of the latest of that name that is gone. */
  #idOf(name: string): string {
    const { store } = this.#context
    const id = store.agents.getByName(name)?.id ?? store.costs.findRemoved(name)
    if (id === undefined) {
      throw new DroverError('agent_not_found', `There is no agent ${JSON.stringify(name)}.`, {
        details: { field: 'agent' },
      })
    }
    return id
  }
}

function changeBudget(budget: Budget, { usd, tokens }: BudgetChange): Budget {
  const changed = {
    usd: usd === undefined ? budget.usd : usd,
    tokens: tokens === undefined ? budget.tokens : tokens,
  }
  return {
    ...(changed.usd === undefined || changed.usd === null ? {} : { usd: changed.usd }),
    ...(changed.tokens === undefined || changed.tokens === null ? {} : { tokens: changed.tokens }),
  }
}
