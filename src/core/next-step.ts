import type { AgentView, RunView } from './agent-view.ts'

/**
 * What to do next about one agent. `record` steps are one transaction and no effect; `act` steps
 * have an effect outside, which an earlier record already announced. Both may be repeated.
 */
export type Step = { kind: 'record'; do: RecordStep } | { kind: 'act'; do: ActStep }

export type RecordStep =
  | 'create-run'
  | 'assign-message'
  | 'refuse-messages'
  | 'request-stop'
  | 'cancel-run'
  | 'clear-wish'
export type ActStep = 'write-input' | 'start-run' | 'stop-run' | 'release-runs' | 'remove-agent'

/**
 * Record steps that may join the transaction of a request at once, though an act may be under way.
 * All others wait for the agent's lock.
 */
export const joinableSteps: ReadonlySet<RecordStep> = new Set([
  'create-run',
  'assign-message',
  'refuse-messages',
])

const record = (name: RecordStep): Step => ({ kind: 'record', do: name })
const act = (name: ActStep): Step => ({ kind: 'act', do: name })

/**
 * The next step for an agent, or null when nothing is to do until something changes.
 *
 * Invariants: a held or removed agent never gets a run; there is at most one run; bytes go into a
 * program's input only after the message was assigned to its run; a program starts only after its
 * run row exists; nothing is removed while a run lives.
 */
export function nextStep(view: AgentView): Step | null {
  return endStep(view) ?? (view.run ? liveStep(view, view.run) : restingStep(view))
}

/** Steps that lead to an end come before all others. */
function endStep(view: AgentView): Step | null {
  const isHeld = view.hold === 'stopped' || view.isRemoving
  if (isHeld && view.queued > 0) {
    return record('refuse-messages')
  }
  if (isHeld && view.wish) {
    return record('clear-wish')
  }
  if (view.run) {
    return isHeld || view.run.stopReason ? endRunStep(view.run) : null
  }
  if (view.unreleased > 0) {
    return act('release-runs')
  }
  return view.isRemoving ? act('remove-agent') : null
}

/** A run that never came up is cancelled; one that did is told to stop, then stopped. */
function endRunStep(run: RunView): Step | null {
  if (!run.hasHandle) {
    return record('cancel-run')
  }
  return run.stopReason ? act('stop-run') : record('request-stop')
}

function restingStep(view: AgentView): Step | null {
  if (view.hold || view.isRemoving) {
    return null
  }
  if (view.queued > 0 || view.wish === 'wake') {
    return record('create-run')
  }
  return view.wish === 'sleep' ? record('clear-wish') : null
}

function liveStep(view: AgentView, run: RunView): Step | null {
  if (view.unwritten > 0) {
    return act('write-input')
  }
  const takesMessages = run.hasTurns ? run.turn === 'idle' && view.open === 0 : true
  if (view.queued > 0 && takesMessages) {
    return record('assign-message')
  }
  if (!run.hasHandle) {
    return act('start-run')
  }
  if (view.wish === 'wake') {
    return record('clear-wish')
  }
  const isAtRest = !run.hasTurns || (run.turn === 'idle' && view.open === 0)
  return view.wish === 'sleep' && isAtRest && view.queued === 0 ? record('request-stop') : null
}
