import type { AgentStatus } from '../schema/agent.ts'
import type { RunStatus, Suspension, TurnState } from '../schema/run.ts'
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
    suspension: Suspension | null
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

/** What rests is asleep, whether or not its program is kept. */
const restingStatus = { suspending: 'stopping', suspended: 'asleep', resuming: 'waking' } as const

function runningStatus({
  status,
  turn,
  isUnknown,
  suspension,
}: NonNullable<StatusFacts['run']>): AgentStatus {
  if (isUnknown) {
    return 'unknown'
  }
  if (status === 'stopping') {
    return 'stopping'
  }
  if (suspension !== null) {
    return restingStatus[suspension]
  }
  return status === 'starting' ? 'waking' : turn
}
