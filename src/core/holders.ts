import type { HolderKind } from '../schema/why.ts'
import type { AgentView, RunView } from './agent-view.ts'

/** What keeps an agent awake. Times are Unix ms. */
export interface Holder {
  what: HolderKind
  /** For people: `a turn is under way`. */
  text: string
  since: number | null
  /** Until when, where it is a matter of time. */
  until: number | null
}

/** Why a run goes on; none for an agent without one, and for one that is being ended or suspended. */
export function listHolders(view: AgentView): Holder[] {
  const { run } = view
  if (!run || run.stopReason || run.suspension === 'suspended') {
    return []
  }
  if (!run.hasHandle || !run.isGreeted) {
    const text = run.hasHandle
      ? 'its program was greeted and has not answered yet'
      : 'its program is coming up'
    return [{ what: 'starting', text, since: run.activeAt, until: null }]
  }
  const holders = [...workHolders(view, run), ...otherHolders(view, run)]
  return holders.length > 0 ? holders : [restHolder(view, run)]
}

const holder = (what: HolderKind, text: string, since: number | null = null): Holder => ({
  what,
  text,
  since,
  until: null,
})

function workHolders({ open, openSince, queued }: AgentView, run: RunView): Holder[] {
  const work = {
    working: holder('turn', 'a turn is under way', openSince),
    waiting: holder('question', 'it asks a person', openSince),
    idle: holder('input', `${count(open, 'message')} in its program's input`, openSince),
  }
  return [
    ...(run.turn !== 'idle' || open > 0 ? [work[run.turn]] : []),
    ...(queued > 0 ? [holder('queued', `${count(queued, 'message')} waiting for it`)] : []),
  ]
}

function otherHolders({ attached }: AgentView, run: RunView): Holder[] {
  const { background, isBegun } = run
  const people = attached === 1 ? 'somebody is attached' : `${attached} people are attached`
  return [
    ...(attached > 0 ? [holder('attached', people)] : []),
    ...(background > 0 ? [holder('background', count(background, 'background job'))] : []),
    ...(isBegun ? [holder('supervised', 'something else brings its program up')] : []),
    ...(run.isUnknown ? [holder('unknown', "its runtime can't be asked")] : []),
  ]
}

/** It does nothing, and is awake all the same. */
function restHolder(
  { lifecycle: { idleMs }, awaitedUntil }: AgentView,
  { activeAt }: RunView,
): Holder {
  return idleMs > 0
    ? {
        what: 'recent',
        text: 'it was not idle for long enough yet',
        since: activeAt,
        until: Math.max(activeAt + idleMs, awaitedUntil),
      }
    : holder('sleepless', 'it never falls asleep by itself', activeAt)
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
