import type { AgentView, RunView } from './agent-view.ts'

/** Something that keeps an agent as it is and that no time ends: a program, a person or the machine does. */
export interface Brake {
  /** A clause that stands after `once`: what must be over. */
  once: string
  /** The agent as it will be when this is over. */
  lift(view: AgentView): AgentView
}

/** All brakes on an agent now. */
export function listBrakes(view: AgentView, now: number): Brake[] {
  return view.run ? runBrakes(view, view.run, now) : restBrakes(view)
}

function runBrakes(view: AgentView, run: RunView, now: number): Brake[] {
  const isBusy = run.turn !== 'idle' || view.open > 0
  const jobs = run.background === 1 ? 'its background job is' : 'its background jobs are'
  return [
    ...(isBusy ? [{ once: whenFree(run), lift: turnEnder(now) }] : []),
    ...(run.background > 0
      ? [{ once: `${jobs} over`, lift: runChanger({ background: 0, activeAt: now }) }]
      : []),
    ...(view.attached > 0 ? [{ once: 'nobody is attached', lift: leaver(now) }] : []),
  ]
}

function whenFree({ turn, hasTurns }: RunView): string {
  if (turn === 'waiting') {
    return 'its question is answered'
  }
  return hasTurns ? 'its turn is over' : 'its program has answered'
}

/** The turn is over, and what it was about is done; with its first turn a fresh session has begun. */
function turnEnder(now: number): Brake['lift'] {
  return (view) => ({
    ...runChanger({ turn: 'idle', activeAt: now, readyAt: readyAfter(view, now) })(view),
    open: 0,
    openSince: null,
    questions: 0,
    isNew: view.isNew && (view.run?.isResumed === true || view.run?.readyAt !== null),
    task: view.isEphemeral && view.task === 'open' && view.open > 0 ? 'done' : view.task,
  })
}

/** Who asked a person before it was greeted has taken no turn yet. */
function readyAfter({ run }: AgentView, now: number): number | null {
  return run?.readyAt ?? (run?.isGreeted ? now : null)
}

/** The last of those attached has left; with that its idle time begins. */
function leaver(now: number): Brake['lift'] {
  return (view) => ({ ...runChanger({ activeAt: now })(view), attached: 0 })
}

function restBrakes({ admission, isSupervised }: AgentView): Brake[] {
  const room = admission?.gate === 'queue' ? 'others before it are done' : 'the machine has room'
  return [
    ...(isSupervised
      ? [{ once: 'something else brings its program up', lift: changer({ isSupervised: false }) }]
      : []),
    ...(admission ? [{ once: room, lift: changer({ admission: null }) }] : []),
  ]
}

function changer(part: Partial<AgentView>): Brake['lift'] {
  return (view) => ({ ...view, ...part })
}

function runChanger(part: Partial<RunView>): Brake['lift'] {
  return (view) => ({ ...view, run: view.run && { ...view.run, ...part } })
}
