import type { StopReason } from '../schema/run.ts'
import type { ChangeKind } from '../schema/why.ts'
import { formatSpan } from '../util/span.ts'
import type { AgentView } from './agent-view.ts'
import { wakeGate } from './gates.ts'
import { listBrakes, type Brake } from './brakes.ts'
import { nextLook, nextStep, type Step } from './next-step.ts'

/** What comes next for an agent, and when: the plan's own steps, looked ahead. */
export interface NextChange {
  what: ChangeKind
  /** Unix ms; the present where it is under way; null: once something else happens. */
  at: number | null
  /** What it follows from, or what must happen first: a clause that can stand after `what` and when. */
  reason: string
}

/** More steps that change nothing to be seen than can come one after the other. */
const mostQuietSteps = 20

/**
 * What happens next if nobody does anything: by time, or else once what holds it is over. Null:
 * nothing. It asks `nextStep` and `nextLook`, so it says what will be done; what nobody can know, the
 * machine's room for one, is taken to stay as it is.
 */
export function nextChange(view: AgentView, now: number): NextChange | null {
  const timed = timedChange(view, now)
  if (timed) {
    return timed
  }
  if (view.run?.isUnknown) {
    return { what: 'looks-again', at: null, reason: 'until its runtime answers' }
  }
  return changeOnceFree(view, now)
}

/** What time alone brings. */
function timedChange(start: AgentView, now: number): NextChange | null {
  let view = start
  let at = now
  for (let count = 0; count < mostQuietSteps; count++) {
    const step = nextStep(view, at)
    const change = step && describeStep(step, { start, view, now, at })
    if (change) {
      return { what: change.what, at, reason: change.reason }
    }
    const look = step ? at : nextLook(view, at)
    if (look === null) {
      return null
    }
    view = step ? { ...view, ...quietResult(step, view, at) } : view
    at = Math.max(at, look)
  }
  return null
}

/** What comes when all that no time ends is over; `reason` names what must be over for it. */
function changeOnceFree(view: AgentView, now: number): NextChange | null {
  const brakes = listBrakes(view, now)
  const changeWith = (kept: Brake | null): NextChange | null =>
    timedChange(
      brakes.reduce((each, brake) => (brake === kept ? each : brake.lift(each)), view),
      now,
    )
  const change = changeWith(null)
  if (!change) {
    return null
  }
  // What makes no difference need not be over.
  const needed = brakes.filter((brake) => {
    const without = changeWith(brake)
    return without?.what !== change.what || without.at !== change.at
  })
  const once = `once ${joinClauses(needed.map((brake) => brake.once))}`
  const isSaid = change.at !== now || change.reason === asAsked
  return { what: change.what, at: null, reason: isSaid ? `${once}, ${change.reason}` : once }
}

/** What a step leaves behind that is no change to be told of. */
function quietResult(
  step: Step,
  { wish, queued, waiting }: AgentView,
  at: number,
): Partial<AgentView> {
  switch (step.do) {
    case 'clear-wish':
      return { wish: null, waiting: wish === 'wake' || queued === 0 ? null : waiting }
    case 'unpark':
      return { parkedUntil: null, wish: 'wake' }
    case 'note-wait':
      return { waiting: { gate: step.gate.gate, until: step.gate.until, since: at } }
    case 'release-runs':
      return { unreleased: 0 }
    case 'install-unit':
      return { hasUnit: true }
    case 'uninstall-unit':
      return { hasUnit: false }
    case 'take-found-run':
      return { isFound: false }
    case 'write-input':
      return { unwritten: 0 }
    default:
      // Refused, or given to a program on its way up.
      return { queued: 0 }
  }
}

interface StepPlace {
  /** The agent as it is, and as it is when the step comes. */
  start: AgentView
  view: AgentView
  now: number
  at: number
}

type Description = Pick<NextChange, 'what' | 'reason'>

/** The change that a step is; null: none that anybody would notice. */
function describeStep(step: Step, place: StepPlace): Description | null {
  const { view, now, at } = place
  switch (step.do) {
    case 'create-run':
    case 'start-run':
      return describeWake(place)
    case 'assign-message':
    case 'write-input':
      // What is given to a program on its way up is part of its waking.
      return view.run?.hasHandle ? { what: 'takes-message', reason: 'for it waits' } : null
    case 'request-stop':
      return describeEnd(view, step.reason)
    case 'request-suspend':
      return describeSuspension(view)
    case 'suspend-run':
      return { what: 'sleeps', reason: 'its run is being suspended' }
    case 'request-resume':
    case 'resume-run':
      return { what: 'wakes', reason: view.queued > 0 ? 'for the message that waits' : asAsked }
    case 'stop-run':
    case 'cancel-run':
      return describeEnd(view, view.run?.stopReason ?? (view.isRemoving ? 'remove' : 'stop'))
    case 'note-wait':
      // A gate that is closed now is told of by itself; here it is one that it will come to.
      return at > now ? { what: 'looks-again', reason: `since ${step.gate.cause}` } : null
    case 'give-up-wait':
      return { what: 'gives-up', reason: 'unless the machine has room before' }
    case 'remove-task':
      return { what: 'goes', reason: 'since its task is done' }
    case 'remove-agent':
      return { what: 'goes', reason: asAsked }
    case 'expire-questions':
      return {
        what: 'denies',
        reason: at > now ? 'unless somebody answers before' : 'as nobody answered in time',
      }
    case 'refuse-messages':
    case 'clear-wish':
    case 'unpark':
    case 'release-runs':
    case 'uninstall-unit':
      return null
    case 'install-unit':
    case 'take-found-run':
      return { what: 'wakes', reason: 'as something else brings it up' }
  }
}

function describeWake({ start, view, now, at }: StepPlace): Description {
  const gate = at > now ? wakeGate(start, now)?.gate : null
  if (gate === 'parked') {
    return { what: 'wakes', reason: 'when its quota is back' }
  }
  if (gate === 'backoff') {
    const isRestart = view.wish === 'wake' && view.queued === 0
    return { what: isRestart ? 'restarts' : 'wakes', reason: 'since its program died' }
  }
  if (view.run) {
    return { what: 'wakes', reason: 'its program is coming up' }
  }
  return { what: 'wakes', reason: view.queued > 0 ? 'for the message that waits' : asAsked }
}

const asAsked = 'as it was asked to'

const ends: Readonly<Record<StopReason, Description>> = {
  sleep: { what: 'sleeps', reason: asAsked },
  stop: { what: 'stops', reason: asAsked },
  remove: { what: 'goes', reason: asAsked },
  new: { what: 'renews', reason: asAsked },
  restart: { what: 'restarts', reason: asAsked },
  reload: { what: 'restarts', reason: 'for its spec was changed' },
  shutdown: { what: 'sleeps', reason: 'with the daemon' },
  idle: { what: 'sleeps', reason: 'after a time without work' },
  age: { what: 'ends-run', reason: 'for a run may be no older' },
  park: { what: 'sleeps', reason: 'for it is out of quota' },
  task: { what: 'sleeps', reason: 'for its task is over' },
  suspended: { what: 'ends-run', reason: 'for it was suspended for long' },
  unready: { what: 'fails', reason: 'unless it begins with its message before' },
  wedged: { what: 'fails', reason: 'unless it says something before' },
}

function describeEnd(view: AgentView, reason: StopReason): Description {
  if (reason === 'idle') {
    return { ...ends.idle, reason: `after ${formatSpan(view.lifecycle.idleMs)} without work` }
  }
  const isDone = view.isEphemeral && view.task === 'done' && view.queued === 0
  if (isDone && !view.hold && !view.isRemoving) {
    return { what: 'goes', reason: 'for its task is done' }
  }
  return ends[reason]
}

function describeSuspension(view: AgentView): Description {
  const { reason } = describeEnd(view, view.wish === 'suspend' ? 'sleep' : 'idle')
  return { what: 'sleeps', reason: `${reason}, its program kept as it is` }
}

/** `a`, `a and b`, `a, b and c`. */
function joinClauses(clauses: readonly string[]): string {
  return [clauses.slice(0, -1).join(', '), ...clauses.slice(-1)].filter(Boolean).join(' and ')
}
