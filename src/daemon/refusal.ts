import { refusalGate } from '../core/gates.ts'
import type { ErrorCode } from '../schema/error.ts'
import type { AgentRow } from '../store/index.ts'
import type { DaemonContext } from './context.ts'
import { isOverBudget } from './views.ts'

/** Why an agent takes nothing, as an error and in words. */
export interface Refusal {
  code: ErrorCode
  cause: string
}

/** What keeps an agent from taking a message or a wake, until a person acts; null: nothing. */
export function refusalOf(context: Pick<DaemonContext, 'specs'>, agent: AgentRow): Refusal | null {
  const gate = refusalGate({
    isRemoving: agent.is_removing === 1,
    hold: agent.hold,
    isOverBudget: isOverBudget(agent, context.specs.get(agent.id).budget),
  })
  switch (gate?.gate) {
    case undefined:
      return null
    case 'removed':
      return { code: 'agent_stopped', cause: 'the agent is being removed' }
    case 'stopped':
      return { code: 'agent_stopped', cause: 'the agent is stopped' }
    case 'quarantined':
      return {
        code: 'agent_quarantined',
        cause: `the agent was given up: ${agent.cause ?? 'no cause on record'}`,
      }
    case 'over-budget':
      return { code: 'over_budget', cause: 'the agent has used up its budget' }
  }
}
