import type { AgentView } from './agent-view.ts'

/** What keeps an agent down. `refuse`: for good, until a person acts. `wait`: by itself it will pass. */
export type Gate =
  | { gate: 'removed' | 'stopped' | 'quarantined' | 'over-budget'; does: 'refuse' }
  | {
      gate: 'supervised' | 'parked' | 'backoff' | 'admission' | 'queue'
      does: 'wait'
      /** When it opens, Unix ms; null where nobody can know. */
      until: number | null
      cause: string
    }

export type WaitGate = Extract<Gate, { does: 'wait' }>

/** What a message meets, whether or not the agent is up: one that can't be taken is refused at once. */
export function refusalGate(
  view: Pick<AgentView, 'isRemoving' | 'hold' | 'isOverBudget'>,
): Extract<Gate, { does: 'refuse' }> | null {
  if (view.isRemoving) {
    return { gate: 'removed', does: 'refuse' }
  }
  if (view.hold) {
    return { gate: view.hold, does: 'refuse' }
  }
  return view.isOverBudget ? { gate: 'over-budget', does: 'refuse' } : null
}

/** What keeps an agent without a run from getting one now; null: nothing. */
export function wakeGate(view: AgentView, now: number): Gate | null {
  return refusalGate(view) ?? waitGate(view, now)
}

function waitGate(view: AgentView, now: number): WaitGate | null {
  if (view.isSupervised) {
    const cause = 'something else brings its program up'
    return { gate: 'supervised', does: 'wait', until: null, cause }
  }
  if (view.parkedUntil !== null && now < view.parkedUntil) {
    return { gate: 'parked', does: 'wait', until: view.parkedUntil, cause: 'out of quota' }
  }
  if (view.notBefore !== null && now < view.notBefore) {
    return { gate: 'backoff', does: 'wait', until: view.notBefore, cause: 'its program died' }
  }
  if (view.admission) {
    const { gate, cause } = view.admission
    return { gate, does: 'wait', until: null, cause }
  }
  return null
}
