import { messageFate } from '../../src/core/message-fate.ts'
import { judgeDeath } from '../../src/core/restart.ts'
import { Config } from '../../src/schema/config.ts'
import type { ErrorClass } from '../../src/schema/error-class.ts'
import type { Found } from './agent-acts.ts'
import { check, type AgentState, type ModelMessage, type ModelRun } from './agent-state.ts'

const restartLimits = Config.parse({}).restart

type FinalStatus = 'exited' | 'failed' | 'lost' | 'stopped'

export function bringUp(model: AgentState, live: ModelRun): void {
  live.hasHandle = true
  live.startedAt ??= model.now
  live.activeAt = model.now
  live.status = live.status === 'starting' ? 'running' : live.status
  model
    .openOf(live)
    .filter(({ isWritten }) => isWritten)
    .forEach((message) => model.move(message, 'delivered'))
  if (!model.hasTurns) {
    becomeReady(model, live)
  }
}

export function becomeReady(model: AgentState, live: ModelRun): void {
  if (live.readyAt === null) {
    live.readyAt = model.now
    model.hasSession = true
    model.isNew = live.isResumed && model.isNew
  }
}

export function recoverRun(model: AgentState, found: Found): void {
  const { live } = model
  if (!live) {
    return
  }
  if (found === 'unstarted' && !live.hasHandle) {
    return finishRun(model, live, 'lost', { isUnstarted: true, class: null })
  }
  bringUp(model, live)
  if (found === 'suspended') {
    // Whoever finds a run that nobody suspended takes it so.
    live.suspension = live.suspension === 'resuming' ? 'resuming' : 'suspended'
    live.suspendedAt ??= model.now
    return
  }
  if (found === 'running' || found === 'unstarted') {
    return live.suspension === 'suspending' ? undefined : beAwake(model, live)
  }
  endRun(model, live, found, null)
}

/** Its program goes on; the time meanwhile counts for nothing. */
export function beAwake(model: AgentState, live: ModelRun): void {
  if (live.suspension !== null) {
    live.startedAt = (live.startedAt ?? 0) + model.now - (live.suspendedAt ?? model.now)
    Object.assign(live, { suspension: null, suspendedAt: null, activeAt: model.now })
  }
}

export function endRun(
  model: AgentState,
  run: ModelRun,
  how: FinalStatus,
  errorClass: ErrorClass | null,
): void {
  const asked = run.stopReason === 'unready' ? 'failed' : run.stopReason ? 'stopped' : how
  finishRun(model, run, asked, { isUnstarted: false, class: errorClass })
}

function finishRun(
  model: AgentState,
  run: ModelRun,
  status: FinalStatus,
  { isUnstarted, class: errorClass }: { isUnstarted: boolean; class: ErrorClass | null },
): void {
  run.status = status
  run.turn = 'idle'
  model.unwrittenAnswers = 0
  const outcome = {
    status,
    isUnstarted,
    isGivenUp: status === 'failed' && !run.hasHandle,
    isMachineFault: false,
    errorClass,
    tellsTaken: model.hasTurns,
  }
  const ungreeted = run.isGreeted || isUnstarted ? [] : model.queued().slice(0, 1)
  for (const message of [...model.openOf(run), ...ungreeted]) {
    const ended = { ...outcome, isGivenUp: outcome.isGivenUp || !run.isGreeted }
    const fate = messageFate({ ...message, isSeed: false }, ended, model.lifecycle.tries)
    check(
      fate.fate !== 'again' || !message.isTaken,
      'what a program has taken is given to no other',
    )
    if (fate.fate === 'again') {
      Object.assign(message, { run: null, isWritten: false, tries: fate.tries })
    } else {
      model.move(message, fate.fate)
    }
  }
  if (model.hold || model.isRemoving) {
    return
  }
  if (run.stopReason === 'new' || run.stopReason === 'restart') {
    model.wish = 'wake'
  } else if (status !== 'stopped' && !isUnstarted && !isAtRest(run)) {
    judgeEnd(model, run, status, errorClass)
  }
}

/** Nothing that rested died of what it did. */
function isAtRest({ suspension }: ModelRun): boolean {
  return suspension === 'suspended' || suspension === 'resuming'
}

function judgeEnd(
  model: AgentState,
  run: ModelRun,
  status: FinalStatus,
  errorClass: ErrorClass | null,
): void {
  const verdict = judgeDeath(
    model.history,
    {
      now: model.now,
      livedMs: run.startedAt === null ? 0 : model.now - run.startedAt,
      isSuccess: status === 'exited',
      isMachineFault: false,
      errorClass,
      policy: model.lifecycle.restart,
      random: 0.5,
    },
    restartLimits,
  )
  model.history = verdict
  model.notBefore = verdict.notBefore
  if (verdict.does === 'quarantine') {
    model.hold = 'quarantined'
    model.waiting = null
  } else if (verdict.does === 'restart') {
    model.wish = 'wake'
  } else if (model.wish === 'wake') {
    model.wish = null
  }
}

export function acceptMessage(model: AgentState): void {
  const message = firstDelivered(model)
  if (message?.run && model.hasTurns) {
    becomeReady(model, message.run)
    model.move(message, 'accepted')
    message.isTaken = true
  }
}

export function endTurn(model: AgentState): void {
  const message = firstDelivered(model)
  if (message?.run) {
    becomeReady(model, message.run)
    model.move(message, 'done')
    message.run.activeAt = model.now
    // Nothing is asked any more when the turn is over.
    model.questionsOf(message.run).forEach((question) => (question.isOpen = false))
    if (model.openOf(message.run).length === 0) {
      message.run.turn = 'idle'
    }
  }
}

function firstDelivered(model: AgentState): ModelMessage | undefined {
  return model.openOf(model.live).find(({ state }) => state === 'delivered' || state === 'accepted')
}
