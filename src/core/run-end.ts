import type { StopReason } from '../schema/run.ts'
import type { AgentView, RunView } from './agent-view.ts'

/** One rule by which a run ends, and since when it applies, Unix ms. */
interface Rule {
  reason: StopReason
  at: number
}

/** Why a run is to be ended now, though nobody stopped its agent; null: it goes on. */
export function reasonToEnd(view: AgentView, run: RunView, now: number): StopReason | null {
  return rulesOf(view, run).find(({ at }) => at <= now)?.reason ?? null
}

/** When the first of the rules will apply if nothing happens before, Unix ms; null: none will. */
export function nextRuleAt(view: AgentView, run: RunView): number | null {
  const times = rulesOf(view, run).map(({ at }) => at)
  return times.length > 0 ? Math.min(...times) : null
}

/**
 * Whether a run that a rule would end is suspended instead: it can be, and only its rest was asked
 * for. The rule says that nothing keeps it awake.
 */
export function isSuspendedInstead(view: AgentView, run: RunView, reason: StopReason): boolean {
  const isWished = reason === 'sleep' ? view.wish === 'suspend' : view.lifecycle.rest === 'suspend'
  const isRest = reason === 'sleep' || reason === 'idle'
  return isRest && isWished && run.canSuspend && overRules(view).length === 0
}

/** Whether a run that is suspended, or is to be, has to be awake: somebody wants it, or it had begun with something. */
export function isToBeAwake(view: AgentView, run: RunView): boolean {
  return view.queued > 0 || view.wish === 'wake' || isBusy(view, run)
}

function isBusy({ open, unwritten }: AgentView, { turn, background }: RunView): boolean {
  return turn !== 'idle' || open > 0 || unwritten > 0 || background > 0
}

/** The rules that apply to a run as it is, the strongest first; none to one that is not ours. */
function rulesOf(view: AgentView, run: RunView): Rule[] {
  if (run.isUnknown || run.isBegun) {
    return []
  }
  if (run.suspension !== null) {
    return isBusy(view, run) ? [] : suspendedRules(view, run)
  }
  const isIdle = run.turn === 'idle' && view.open === 0
  const isLeftAlone = run.background === 0
  // Without turns nobody can tell when a good moment is, so what a person asks for is done at once.
  const obeys = isLeftAlone && (isIdle || !run.hasTurns)
  return [
    ...(run.isUnusable ? [{ reason: 'unready', at: 0 } as const] : []),
    ...(obeys ? askedRules(view, run) : []),
    ...(obeys && wantsSleep(view, run, isIdle) ? [{ reason: 'sleep', at: 0 } as const] : []),
    // It gives way to the one that its supervisor begins.
    ...(obeys && view.isSupervised ? [{ reason: 'sleep', at: 0 } as const] : []),
    ...(isLeftAlone && isIdle && run.isGreeted ? ownRules(view, run) : []),
    ...(isIdle && run.isGreeted ? [] : failureRules(view, run)),
  ]
}

/** Of a run at rest no clock goes on but that of its rest. */
function suspendedRules(view: AgentView, run: RunView): Rule[] {
  const { suspendedMs } = view.lifecycle
  const isLeaving = view.isSupervised || (view.wish === 'sleep' && view.queued === 0)
  const isLong = suspendedMs > 0 && run.suspendedAt !== null && !isToBeAwake(view, run)
  return [
    ...askedRules(view, run),
    ...(isLeaving ? [{ reason: 'sleep', at: 0 } as const] : []),
    ...overRules(view),
    ...(isLong ? [{ reason: 'suspended', at: (run.suspendedAt ?? 0) + suspendedMs } as const] : []),
  ]
}

function askedRules(view: AgentView, run: RunView): Rule[] {
  return [
    ...(isToBeRenewed(view, run) ? [{ reason: 'new', at: 0 } as const] : []),
    ...(run.isStale ? [{ reason: 'reload', at: 0 } as const] : []),
  ]
}

/** Who is to be suspended must be through with all: it would only be woken for that. */
function wantsSleep({ wish, queued }: AgentView, run: RunView, isIdle: boolean): boolean {
  const canRest = !run.canSuspend || (isIdle && run.isGreeted)
  return queued === 0 && (wish === 'sleep' || (wish === 'suspend' && canRest))
}

/** A fresh run that has not begun yet is what was asked for. */
function isToBeRenewed(view: AgentView, run: RunView): boolean {
  return view.isNew && (run.isResumed || run.readyAt !== null)
}

/** What follows without anybody's asking, never while a person is with the agent. */
function ownRules(view: AgentView, run: RunView): Rule[] {
  const { idleMs, maxAgeMs } = view.lifecycle
  const over = overRules(view)
  if (over.length > 0 || view.attached > 0) {
    return over
  }
  const notBefore = (at: number): number => Math.max(at, view.awaitedUntil)
  return [
    ...(maxAgeMs > 0 && run.startedAt !== null
      ? [{ reason: 'age', at: notBefore(run.startedAt + maxAgeMs) } as const]
      : []),
    ...(idleMs > 0 && view.queued === 0
      ? [{ reason: 'idle', at: notBefore(run.activeAt + idleMs) } as const]
      : []),
  ]
}

/** What it lives for is over, or it can't go on for now: that it is kept is of no use. */
function overRules(view: AgentView): Rule[] {
  if (view.isEphemeral && view.task !== 'open' && view.queued === 0) {
    return [{ reason: 'task', at: 0 }]
  }
  return view.parkedUntil !== null ? [{ reason: 'park', at: 0 }] : []
}

/** Its program does not answer a greeting, or has a message and does not begin with it. One that waits for a person is not late. */
function failureRules(view: AgentView, run: RunView): Rule[] {
  const { readyMs } = view.lifecycle
  if (view.questions > 0) {
    return []
  }
  const isDue = run.hasTurns && run.readyAt === null && run.startedAt !== null && readyMs > 0
  const since = run.isGreeted ? view.openSince : run.startedAt
  return isDue && since !== null
    ? [{ reason: 'unready', at: Math.max(run.startedAt ?? 0, since) + readyMs }]
    : []
}
