import type { RunStatus, StopReason, TurnState } from '../schema/run.ts'

/** All that decisions about one agent are made from: a snapshot of its rows, nothing else. */
export interface AgentView {
  /** A durable hold: `stopped` by a person. */
  hold: 'stopped' | null
  /** Asked to be up, or to sleep, with no message behind it. */
  wish: 'wake' | 'sleep' | null
  /** Asked to be removed for good. */
  isRemoving: boolean
  /** Its run that has not ended yet. */
  run: RunView | null
  /** Messages not given to any run yet. */
  queued: number
  /** Messages given to the run that it has not finished. */
  open: number
  /** Messages given to the run whose bytes are not known to be in its input. */
  unwritten: number
  /** Ended runs whose leftovers were not released yet. */
  unreleased: number
}

export interface RunView {
  status: RunStatus
  turn: TurnState
  /** Whether the runtime's handle is stored: its start came back. */
  hasHandle: boolean
  stopReason: StopReason | null
  /** Its provider says when a turn is over, so messages go in one at a time. */
  hasTurns: boolean
}
