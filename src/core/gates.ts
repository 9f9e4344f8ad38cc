import type { AgentView } from './agent-view.ts'

/** What keeps an agent down. `refuse`: for good, until a person acts. `wait`: by itself it will pass. */
export type Gate =
  | { gate: 'removed' | 'stopped' | 'quarantined' | 'over-budget'; does: 'refuse' }
  | {
      gate: 'supervised' | 'parked' | 'backoff' | 'queue' | 'admission'
      does: 'wait'
      /** When it opens, Unix ms; null where nobody can know. */
      until: number | null
      cause: string
    }

export type RefuseGate = Extract<Gate, { does: 'refuse' }>
export type WaitGate = Extract<Gate, { does: 'wait' }>

/** What a refusal follows from. */
type RefusalView = Pick<AgentView, 'isRemoving' | 'hold' | 'isOverBudget'>

/** The gates that refuse, in the order in which they are asked. */
const refusals: readonly (readonly [RefuseGate['gate'], (view: RefusalView) => boolean])[] = [
  ['removed', ({ isRemoving }) => isRemoving],
  ['stopped', ({ hold }) => hold === 'stopped'],
  ['quarantined', ({ hold }) => hold === 'quarantined'],
  ['over-budget', ({ isOverBudget }) => isOverBudget],
]

/** A gate that is closed: when it opens, and why it is closed. */
type Closed = Pick<WaitGate, 'until' | 'cause'>

/** The gates that let wait, in the order in which they are asked; null: it is open. */
const waits: readonly (readonly [
  WaitGate['gate'],
  (view: AgentView, now: number) => Closed | null,
])[] = [
  [
    'supervised',
    ({ isSupervised }) =>
      isSupervised ? { until: null, cause: 'something else brings its program up' } : null,
  ],
  ['parked', ({ parkedUntil }, now) => closedUntil(parkedUntil, now, 'out of quota')],
  ['backoff', ({ notBefore }, now) => closedUntil(notBefore, now, 'its program died')],
  ['queue', ({ admission }) => closedFor(admission, 'queue')],
  ['admission', ({ admission }) => closedFor(admission, 'admission')],
]

function closedUntil(until: number | null, now: number, cause: string): Closed | null {
  return until !== null && now < until ? { until, cause } : null
}

function closedFor(admission: AgentView['admission'], gate: 'queue' | 'admission'): Closed | null {
  return admission?.gate === gate ? { until: null, cause: admission.cause } : null
}

/** What a message meets, whether or not the agent is up: one that can't be taken is refused at once. */
export function refusalGate(view: RefusalView): RefuseGate | null {
  const found = refusals.find(([, isClosed]) => isClosed(view))
  return found ? { gate: found[0], does: 'refuse' } : null
}

/** What keeps an agent without a run from getting one now; null: nothing. */
export function wakeGate(view: AgentView, now: number): Gate | null {
  return refusalGate(view) ?? listWaits(view, now).find(({ closed }) => closed)?.closed ?? null
}

/** One gate, and what closes it; null: it is open. */
export interface GateState {
  gate: Gate['gate']
  closed: Gate | null
}

/** Every gate in the order in which they are asked: what `wakeGate` gives is the first that is closed. */
export function listGates(view: AgentView, now: number): GateState[] {
  return [
    ...refusals.map(([gate, isClosed]) => ({
      gate,
      closed: isClosed(view) ? ({ gate, does: 'refuse' } as const) : null,
    })),
    ...listWaits(view, now),
  ]
}

function listWaits(
  view: AgentView,
  now: number,
): { gate: WaitGate['gate']; closed: WaitGate | null }[] {
  return waits.map(([gate, look]) => {
    const closed = look(view, now)
    return { gate, closed: closed && { gate, does: 'wait', ...closed } }
  })
}
