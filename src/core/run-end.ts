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

/** The rules that apply to a run as it is, the strongest first; none to one that is not ours. */
function rulesOf(view: AgentView, run: RunView): Rule[] {
  if (run.isUnknown || run.isBegun) {
    return []
  }
  const isIdle = run.turn === 'idle' && view.open === 0
  const isLeftAlone = run.background === 0
  // Without turns nobody can tell when a good moment is, so what a person asks for is done at once.
  const obeys = isLeftAlone && (isIdle || !run.hasTurns)
  return [
    ...(run.isUnusable ? [{ reason: 'unready', at: 0 } as const] : []),
    ...(obeys ? askedRules(view, run) : []),
    // It gives way to the one that its supervisor begins.
    ...(obeys && view.isSupervised ? [{ reason: 'sleep', at: 0 } as const] : []),
    ...(isLeftAlone && isIdle && run.isGreeted ? ownRules(view, run) : []),
    ...(isIdle && run.isGreeted ? [] : failureRules(view, run)),
  ]
}

function askedRules(view: AgentView, run: RunView): Rule[] {
  const wantsSleep = view.wish === 'sleep' && view.queued === 0
  return [
    ...(isToBeRenewed(view, run) ? [{ reason: 'new', at: 0 } as const] : []),
    ...(run.isStale ? [{ reason: 'reload', at: 0 } as const] : []),
    ...(wantsSleep ? [{ reason: 'sleep', at: 0 } as const] : []),
  ]
}

/** A fresh run that has not begun yet is what was asked for. */
function isToBeRenewed(view: AgentView, run: RunView): boolean {
  return view.isNew && (run.isResumed || run.readyAt !== null)
}

/** What follows without anybody's asking, never while a person is with the agent. */
function ownRules(view: AgentView, run: RunView): Rule[] {
  const { idleMs, maxAgeMs } = view.lifecycle
  if (view.isEphemeral && view.task !== 'open' && view.queued === 0) {
    return [{ reason: 'task', at: 0 }]
  }
  if (view.parkedUntil !== null) {
    return [{ reason: 'park', at: 0 }]
  }
  if (view.attached > 0) {
    return []
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
