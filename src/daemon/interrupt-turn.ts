import type { MessageMode } from '../schema/message.ts'
import type { AgentRow } from '../store/index.ts'
import { capabilitiesOf, speechOf, type DaemonContext } from './context.ts'
import type { Records } from './records.ts'
import { stateOf, tellRun } from './run-input.ts'

/** How a message can go to this agent: what its program can't do is a place in the queue. */
export function possibleMode(
  context: Pick<DaemonContext, 'specs' | 'providers' | 'runtimes'>,
  agentId: string,
  asked: MessageMode,
): MessageMode {
  if (asked === 'queue') {
    return asked
  }
  return capabilitiesOf(context, context.specs.get(agentId))[asked] ? asked : 'queue'
}

/**
 * Tells an agent's program to end its turn; part of the transaction under way. Returns whether there
 * was a turn that it can end.
 */
export function interruptTurn(records: Records, agent: AgentRow): boolean {
  const { store } = records.context
  const run = agent.run_id ? store.runs.get(agent.run_id) : undefined
  if (!run || run.ended_at !== null || run.handle === null || run.turn === 'idle') {
    return false
  }
  const input = speechOf(records.context, run).interrupt?.(stateOf(run)) ?? null
  if (input === null) {
    return false
  }
  tellRun(store, run.id, input)
  records.event(agent.id, 'turn.interrupting', {}, run.id)
  return true
}
