import type { AgentDetail } from '../schema/agent.ts'
import type { BudgetChange, CostGroup, CostReport } from '../schema/cost.ts'
import { agentPath, withDeadline, type CallOptions } from './call-options.ts'
import type { Transport } from './transport.ts'

/** What is added up, and by what. */
export interface CostOptions extends CallOptions {
  by?: CostGroup | undefined
  /** Of one agent only. */
  agent?: string | undefined
  /** First day, UTC, `2026-11-21`. */
  since?: string | undefined
  /** Most rows; the total is over all. */
  limit?: number | undefined
}

/** What agents of one daemon cost, and what they may: `client.costs`. */
export class CostClient {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Sums by agent, day, run or model. */
  report({ by, agent, since, limit, ...options }: CostOptions = {}): Promise<CostReport> {
    const query = { by, agent, since, limit }
    return this.#transport.request<CostReport>({
      method: 'GET',
      path: '/v1/costs',
      query,
      ...withDeadline(options),
    })
  }

  /** Changes what an agent may spend over its life: what is left out stays, null takes the bound away. */
  setBudget(name: string, change: BudgetChange, options?: CallOptions): Promise<AgentDetail> {
    return this.#transport.request<AgentDetail>({
      method: 'PATCH',
      path: `${agentPath(name)}/budget`,
      body: change,
      ...withDeadline(options),
    })
  }
}
