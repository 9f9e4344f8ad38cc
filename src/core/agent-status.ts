import type { AgentStatus } from '../schema/agent.ts'
import type { RunStatus, TurnState } from '../schema/run.ts'
import type { Hold } from './agent-view.ts'

/** What an agent's status follows from. */
export interface StatusFacts {
  hold: Hold | null
  isParked: boolean
  /** Asked to be up, or has messages that are in no program's input. */
  isWanted: boolean
  run: {
    status: RunStatus
    turn: TurnState
    isUnknown: boolean
    /** Something else brings its program up, and alone ends it. */
    isBegun: boolean
  } | null
}

/** The one word for how an agent is. */
export function agentStatus({ hold, isParked, isWanted, run }: StatusFacts): AgentStatus {
  if (run && !(hold && run.isBegun)) {
    return runningStatus(run)
  }
  if (hold) {
    return hold === 'stopped' ? 'stopped' : 'failed'
  }
  if (isParked) {
    return 'parked'
  }
  return isWanted ? 'waking' : 'asleep'
}

function runningStatus({ status, turn, isUnknown }: NonNullable<StatusFacts['run']>): AgentStatus {
  if (isUnknown) {
    return 'unknown'
  }
  if (status === 'stopping') {
    return 'stopping'
  }
  return status === 'starting' ? 'waking' : turn
}
