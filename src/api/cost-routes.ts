import type { Daemon } from '../daemon/index.ts'
import { AgentDetail } from '../schema/agent.ts'
import { BudgetChange, CostQuery, CostReport } from '../schema/cost.ts'
import { AgentParams } from '../schema/requests.ts'
import { answerJson } from './answer.ts'
import { defineRoute, mount, type ApiApp } from './route.ts'

/** The routes of what agents cost and may, as data. */
export const costRoutes = {
  getCosts: defineRoute({
    method: 'get',
    path: '/v1/costs',
    summary: 'What turns cost, added up by day, agent, run or model.',
    query: CostQuery,
    response: { status: 200, description: 'Sums, and the sum of them', schema: CostReport },
  }),
  setBudget: defineRoute({
    method: 'patch',
    path: '/v1/agents/{name}/budget',
    summary: 'Change what an agent may spend over its life; null takes a bound away.',
    params: AgentParams,
    body: BudgetChange,
    response: { status: 200, description: 'The agent', schema: AgentDetail },
  }),
} as const

export function mountCostRoutes(app: ApiApp, { costs }: Daemon): void {
  mount(app, costRoutes.getCosts, ({ query, c }) => answerJson(c, costs.report(query)))
  mount(app, costRoutes.setBudget, ({ params, body, c }) =>
    answerJson(c, costs.setBudget(params.name, body)),
  )
}
