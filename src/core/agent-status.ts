import type { AgentStatus } from '../schema/agent.ts'
import type { RunStatus, TurnState } from '../schema/run.ts'

/** What an agent's status follows from. */
export interface StatusFacts {
  hold: 'stopped' | null
  run: { status: RunStatus; turn: TurnState; isUnknown: boolean } | null
  /** Messages not yet in a program's input. */
  queued: number
}

/** The one word for how an agent is. */
export function agentStatus({ hold, run, queued }: StatusFacts): AgentStatus {
  if (!run) {
    if (hold === 'stopped') {
      return 'stopped'
    }
    return queued > 0 ? 'waking' : 'asleep'
  }
  if (run.isUnknown) {
    return 'unknown'
  }
  if (run.status === 'stopping') {
    return 'stopping'
  }
  if (run.status === 'starting') {
    return 'waking'
  }
  return run.turn === 'idle' ? 'idle' : run.turn
}
