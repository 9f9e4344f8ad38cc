import type { StopReason } from '../schema/run.ts'
import type { AgentView, RunView } from './agent-view.ts'
import { refusalGate, wakeGate, type WaitGate } from './gates.ts'
import { isSuspendedInstead, isToBeAwake, nextRuleAt, reasonToEnd } from './run-end.ts'

/**
 * What to do next about one agent. `record` steps are one transaction and no effect; `act` steps
 * have an effect outside, which an earlier record already announced. Both may be repeated.
 */
export type Step = RecordStep | ActStep

export type RecordStep =
  | { kind: 'record'; do: 'create-run' | 'assign-message' | 'refuse-messages' | 'cancel-run' }
  | { kind: 'record'; do: 'clear-wish' | 'unpark' | 'remove-task' }
  /** Questions that nobody answered in time are denied. */
  | { kind: 'record'; do: 'expire-questions' }
  /** A run is to be suspended, or to be awake again. */
  | { kind: 'record'; do: 'request-suspend' | 'request-resume' }
  | { kind: 'record'; do: 'request-stop'; reason: StopReason }
  | { kind: 'record'; do: 'note-wait'; gate: WaitGate }
  /** It waited for the machine as long as it may. */
  | { kind: 'record'; do: 'give-up-wait'; cause: string }

export interface ActStep {
  kind: 'act'
  do:
    | 'write-input'
    | 'start-run'
    | 'stop-run'
    | 'suspend-run'
    | 'resume-run'
    | 'release-runs'
    | 'remove-agent'
    /** Of an agent that the machine's own supervisor brings up. */
    | 'install-unit'
    | 'uninstall-unit'
    /** A run that began by itself gets its row. */
    | 'take-found-run'
}

/**
 * Record steps that may join the transaction of a request at once, though an act may be under way.
 * All others wait for the agent's lock.
 */
export const joinableSteps: ReadonlySet<Step['do']> = new Set([
  'create-run',
  'assign-message',
  'refuse-messages',
  'request-resume',
  'note-wait',
])

const record = (
  name: Exclude<RecordStep['do'], 'request-stop' | 'note-wait' | 'give-up-wait'>,
): Step => ({ kind: 'record', do: name })
const requestStop = (reason: StopReason): Step => ({ kind: 'record', do: 'request-stop', reason })
const act = (name: ActStep['do']): Step => ({ kind: 'act', do: name })

/**
 * The next step for an agent, or null when nothing is to do until something changes or the time of
 * `nextLook` has come.
 *
 * Invariants: a held or removed agent never gets a run; there is at most one run; bytes go into a
 * program's input only after the message was assigned to its run, and never while that is suspended;
 * a program starts only after its run row exists; nothing is removed while a run lives; no gate is passed that was not looked at in
 * the same snapshot.
 */
export function nextStep(view: AgentView, now: number): Step | null {
  if (view.questionDueAt !== null && now >= view.questionDueAt) {
    return record('expire-questions')
  }
  return (
    unitStep(view) ??
    endStep(view) ??
    (view.run ? liveStep(view, view.run, now) : restingStep(view, now))
  )
}

/**
 * Who is supervised by something else is handed over to it, and taken back before it is removed. Its
 * runs begin and end by themselves: each gets a row when it is found.
 */
function unitStep({ isSupervised, hasUnit, isFound, isRemoving, hold }: AgentView): Step | null {
  if (isRemoving) {
    return hasUnit ? act('uninstall-unit') : null
  }
  if (isFound) {
    return act('take-found-run')
  }
  return isSupervised && !hasUnit && hold === null ? act('install-unit') : null
}

/** Steps that lead to an end come before all others. */
function endStep(view: AgentView): Step | null {
  const isHeld = view.hold !== null || view.isRemoving
  if (view.queued > 0 && refusalGate(view)) {
    return record('refuse-messages')
  }
  if (isHeld && view.wish) {
    return record('clear-wish')
  }
  if (view.run) {
    const isLeft = view.run.isBegun && !view.isRemoving
    return (isHeld && !isLeft) || view.run.stopReason ? endRunStep(view, view.run) : null
  }
  if (view.unreleased > 0) {
    return act('release-runs')
  }
  return view.isRemoving ? act('remove-agent') : null
}

/** A run that never came up is cancelled; one that did is told to stop, then stopped. */
function endRunStep(view: AgentView, run: RunView): Step | null {
  if (!run.hasHandle) {
    // Of a start that can't be asked for nobody knows how far it came: it may be up.
    return run.isUnknown ? null : record('cancel-run')
  }
  return run.stopReason ? act('stop-run') : requestStop(view.isRemoving ? 'remove' : 'stop')
}

function restingStep(view: AgentView, now: number): Step | null {
  if (view.hold || view.isRemoving) {
    return null
  }
  if (view.parkedUntil !== null && now >= view.parkedUntil) {
    return record('unpark')
  }
  if (view.isEphemeral && view.task !== 'open' && view.queued === 0) {
    return overStep(view)
  }
  // Who sleeps already has what was asked for; the next run must not find the wish.
  if (view.wish === 'sleep' || view.wish === 'suspend') {
    return record('clear-wish')
  }
  return wantsUp(view) ? wakeStep(view, now) : null
}

/** An ephemeral agent has had its task: it goes, or stays as it is for a person to look into. */
function overStep({ task, wish }: AgentView): Step | null {
  if (task === 'done') {
    return record('remove-task')
  }
  return wish ? record('clear-wish') : null
}

/** Whether a start that is under way still leads to something: nobody holds the agent or ends its run. */
export function isStartWanted(view: AgentView): boolean {
  return view.hold === null && !view.isRemoving && !view.run?.stopReason
}

/** Somebody waits for an agent without a run to come up. */
export function wantsUp(view: AgentView): boolean {
  return view.queued > 0 || view.wish === 'wake'
}

function wakeStep(view: AgentView, now: number): Step | null {
  const gate = wakeGate(view, now)
  if (!gate) {
    return record('create-run')
  }
  if (gate.does === 'refuse') {
    return view.wish ? record('clear-wish') : null
  }
  const { waiting } = view
  if (waiting?.gate !== gate.gate || waiting.until !== gate.until) {
    return { kind: 'record', do: 'note-wait', gate }
  }
  const giveUpAt = admissionEndsAt(view)
  return giveUpAt !== null && now >= giveUpAt
    ? { kind: 'record', do: 'give-up-wait', cause: gate.cause }
    : null
}

/** When a wait for the machine has lasted as long as it may; null: it may last. */
function admissionEndsAt({ admission, waiting }: AgentView): number | null {
  return admission && waiting && admission.mostMs !== null && waiting.gate === admission.gate
    ? waiting.since + admission.mostMs
    : null
}

function liveStep(view: AgentView, run: RunView, now: number): Step | null {
  if (view.hold !== null) {
    return view.unwritten > 0 && run.suspension === null ? act('write-input') : null
  }
  if (run.suspension !== null) {
    return suspendedStep(view, run, now)
  }
  if (view.unwritten > 0) {
    return act('write-input')
  }
  const reason = reasonToEnd(view, run, now)
  if (view.queued > 0 && reason === null && takesMessage(view, run)) {
    return record('assign-message')
  }
  if (!run.hasHandle) {
    // A unit may have appeared since the run was made: then the start is not ours.
    return run.isUnknown
      ? null
      : view.isSupervised && !run.isBegun
        ? record('cancel-run')
        : act('start-run')
  }
  if (view.wish === 'wake') {
    return record('clear-wish')
  }
  if (reason === null) {
    return null
  }
  return isSuspendedInstead(view, run, reason) ? record('request-suspend') : requestStop(reason)
}

/** A run is asked to come back only after that is on record, so both ways can be gone again. */
function suspendedStep(view: AgentView, run: RunView, now: number): Step | null {
  const reason = reasonToEnd(view, run, now)
  if (run.isUnknown || reason) {
    return reason && requestStop(reason)
  }
  if (run.suspension === 'resuming') {
    return act('resume-run')
  }
  if (isToBeAwake(view, run)) {
    return record('request-resume')
  }
  if (run.suspension === 'suspending') {
    return act('suspend-run')
  }
  return view.wish ? record('clear-wish') : null
}

/** Who takes turns is given one message at a time, and who must be greeted none before. */
function takesMessage(view: AgentView, run: RunView): boolean {
  const isIdle = run.turn === 'idle' && view.open === 0
  return run.isGreeted && (!run.hasTurns || isIdle || (run.canSteer && view.isSteering))
}

/** When time alone changes what is to do, Unix ms; null: never. Called when `nextStep` gives null. */
export function nextLook(view: AgentView, now: number): number | null {
  const times = [nextChangeAt(view, now), view.questionDueAt].filter((at) => at !== null)
  return times.length > 0 ? Math.min(...times) : null
}

function nextChangeAt(view: AgentView, now: number): number | null {
  const { run } = view
  if (view.hold || view.isRemoving || run?.stopReason) {
    return null
  }
  if (run) {
    return nextRuleAt(view, run)
  }
  const gate = wantsUp(view) ? wakeGate(view, now) : null
  const until = gate?.does === 'wait' ? gate.until : view.parkedUntil
  const times = [until, admissionEndsAt(view)].filter((at) => at !== null)
  return times.length > 0 ? Math.min(...times) : null
}
