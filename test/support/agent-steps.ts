import { refusalGate } from '../../src/core/gates.ts'
import type { Step } from '../../src/core/next-step.ts'
import type { StopReason } from '../../src/schema/run.ts'
import { expire } from './agent-questions.ts'
import { beAwake, bringUp, endRun } from './agent-runs.ts'
import { check, type AgentState, type ModelMessage, type ModelRun } from './agent-state.ts'

/** Takes one step, as short as its meaning; throws when it breaks an invariant. */
export function takeStep(model: AgentState, step: Step): void {
  const { live } = model
  const isHeld = model.hold !== null || model.isRemoving
  switch (step.do) {
    case 'create-run':
      return createRun(model)
    case 'assign-message':
      return assignMessage(model, model.queued()[0], live)
    case 'refuse-messages':
      check(isHeld || model.hasSpentAll, 'messages are refused only by who can take none')
      return model
        .queued()
        .forEach((message) =>
          model.move(message, model.hold === 'quarantined' ? 'dead' : 'refused'),
        )
    case 'request-stop':
      return requestStop(model, live, step.reason)
    case 'request-suspend':
      return requestSuspend(model, live)
    case 'suspend-run':
      return suspendRun(model, live)
    case 'request-resume':
      check(
        live && (live.suspension === 'suspending' || live.suspension === 'suspended'),
        'only a run that rests, or is about to, is asked back',
      )
      check(!isHeld && live.stopReason === null, 'who is stopped never resumes')
      live.suspension = 'resuming'
      return
    case 'resume-run':
      return resumeRun(model, live, isHeld)
    case 'cancel-run':
      check(live?.hasHandle === false, 'only a run that never came up is cancelled')
      return endRun(model, live, 'stopped', null)
    case 'clear-wish':
      check(model.wish !== null, 'a wish is cleared where there is one')
      model.waiting = model.wish === 'wake' || model.queued().length === 0 ? null : model.waiting
      model.wish = null
      return
    case 'unpark':
      check(model.now >= (model.parkedUntil ?? Infinity), 'who is parked stays so until its time')
      model.parkedUntil = null
      model.wish = 'wake'
      return
    case 'expire-questions':
      return expire(model)
    case 'remove-task':
      check(model.isEphemeral && model.messages[0]?.state === 'done', 'only who is done goes')
      model.isRemoving = true
      return
    case 'note-wait':
      model.waiting = { gate: step.gate.gate, until: step.gate.until, since: model.now }
      return
    case 'give-up-wait':
      check(model.isCrowded, 'only a wait for the machine is given up')
      model.queued().forEach((message) => model.move(message, 'failed'))
      model.wish = null
      model.waiting = null
      return
    case 'write-input':
      return writeInput(model, live)
    case 'start-run':
      return startRun(model, live, isHeld)
    case 'stop-run':
      check(
        live?.stopReason !== null && live?.hasHandle === true,
        'a run is stopped after that was put down',
      )
      return endRun(model, live, 'stopped', null)
    case 'release-runs':
      check(live === null, 'what a run left is released when none lives')
      return model.runs.forEach((run) => (run.isReleased = true))
    case 'install-unit':
    case 'uninstall-unit':
    case 'take-found-run':
      throw new Error(`no agent of this model is supervised: ${step.do}`)
    case 'remove-agent':
      check(model.isRemoving && live === null, 'an agent is removed when nothing of it lives')
      check(
        model.runs.every(({ isReleased }) => isReleased),
        'an agent is removed when all it left is released',
      )
      model.isRemoved = true
      return model.questions.forEach((question) => (question.isOpen = false))
  }
}

function createRun(model: AgentState): void {
  check(model.live === null, 'a run is made only where there is none')
  check(model.wish !== 'sleep', 'no run begins with a wish for its end')
  check(!refusalGate(model.view()), 'who is held, or has spent all, gets no run')
  check((model.parkedUntil ?? 0) <= model.now, 'who is parked gets no run')
  check((model.notBefore ?? 0) <= model.now, 'who died is not brought up before its time')
  check(!model.isCrowded, 'the machine takes no starts')
  model.runs.push({
    status: 'starting',
    turn: 'idle',
    hasHandle: false,
    stopReason: null,
    suspension: null,
    suspendedAt: null,
    isReleased: false,
    isResumed: model.hasSession && !model.isNew,
    isGreeted: !model.needsGreeting,
    isUnusable: false,
    isStale: false,
    readyAt: null,
    startedAt: null,
    activeAt: model.now,
    background: 0,
    input: [],
  })
  model.waiting = null
  model.queued().forEach((message) => model.move(message, 'waking'))
}

function requestSuspend(model: AgentState, live: ModelRun | null): void {
  check(
    live?.hasHandle === true && live.suspension === null && live.stopReason === null,
    'only a run that is up is suspended, once',
  )
  check(model.canSuspend, 'a run is suspended only where that can be')
  check(
    live.turn === 'idle' && model.openOf(live).length === 0 && model.unwrittenAnswers === 0,
    'only what has nothing to do is suspended',
  )
  check(live.background === 0, 'what works beside its turns is not suspended')
  check(model.questionsOf(live).length === 0, 'what waits for a person is not suspended')
  check(model.queued().length === 0, 'whom a message waits for is not suspended')
  const isAsked = model.wish === 'suspend'
  check(
    isAsked || (model.attached === 0 && model.now >= model.awaitedUntil),
    'nobody is left alone by a suspended agent',
  )
  check(isAsked || model.lifecycle.rest === 'suspend', 'who is to sleep is not suspended')
  live.suspension = 'suspending'
  model.wish = isAsked ? null : model.wish
}

function suspendRun(model: AgentState, live: ModelRun | null): void {
  check(live?.suspension === 'suspending', 'a run is suspended after that was put down')
  check(model.openOf(live).length === 0, 'nothing is suspended that has a message')
  if (model.brokenMoves > 0) {
    model.brokenMoves--
    Object.assign(live, { status: 'stopping', stopReason: 'idle' })
    return
  }
  Object.assign(live, { suspension: 'suspended', suspendedAt: model.now })
}

function resumeRun(model: AgentState, live: ModelRun | null, isHeld: boolean): void {
  check(live?.suspension === 'resuming', 'a run is resumed after that was put down')
  check(!isHeld && live.stopReason === null, 'who is stopped never resumes')
  if (model.brokenMoves > 0) {
    model.brokenMoves--
    return endRun(model, live, 'lost', null)
  }
  beAwake(model, live)
}

function requestStop(model: AgentState, live: ModelRun | null, reason: StopReason): void {
  check(
    live?.hasHandle === true && live.stopReason === null,
    'a stop is asked for once, of a run that is up',
  )
  check(
    live.suspension === null || !['idle', 'age', 'unready', 'wedged'].includes(reason),
    'no clock goes on for what rests',
  )
  check(
    reason !== 'suspended' ||
      (live.suspendedAt !== null &&
        model.now >= live.suspendedAt + model.lifecycle.suspendedMs &&
        model.queued().length === 0),
    'what rests is ended only after its time',
  )
  const isAsked = reason === 'stop' || reason === 'remove'
  const isAtRest = live.turn === 'idle' && model.openOf(live).length === 0
  check(isAsked || reason === 'unready' || isAtRest || !model.hasTurns, 'only a stop ends a turn')
  check(isAsked || live.background === 0 || reason === 'unready', 'only a stop ends a job')
  check(
    (reason !== 'idle' && reason !== 'age') ||
      (model.attached === 0 && model.now >= model.awaitedUntil),
    'nobody is left alone by a sleeping agent',
  )
  const isAskedFor = isAsked || reason === 'new' || reason === 'sleep' || live.isUnusable
  check(isAskedFor || model.questionsOf(live).length === 0, 'no rule ends what waits for a person')
  check(
    reason !== 'unready' || live.readyAt === null || live.isUnusable,
    'who took a turn is ready',
  )
  Object.assign(live, { status: 'stopping', stopReason: reason })
  model.wish = model.wish === 'wake' ? model.wish : null
}

function assignMessage(
  model: AgentState,
  message: ModelMessage | undefined,
  live: ModelRun | null,
): void {
  check(
    message && live && live.stopReason === null,
    'a message is given to a run that will read it',
  )
  check(live.suspension === null, 'nothing is given to a run that rests')
  check(
    !model.hasTurns || model.openOf(live).length === 0,
    'who takes turns gets one message at a time',
  )
  check(!message.isTaken, 'what a program has taken is given to no other')
  message.run = live
  live.turn = model.hasTurns ? 'working' : live.turn
}

function writeInput(model: AgentState, live: ModelRun | null): void {
  check(live, 'input is written for a run')
  check(live.suspension === null, 'nothing is written to a run that rests')
  model.writtenAnswers += model.unwrittenAnswers
  model.unwrittenAnswers = 0
  for (const message of model.openOf(live)) {
    if (!message.isWritten) {
      check(!live.input.includes(message.id), 'a message goes into an input once')
      check(
        live.input.every((id) => id < message.id),
        'messages go in in order',
      )
      live.input.push(message.id)
      message.isWritten = true
      if (live.hasHandle) {
        model.move(message, 'delivered')
      }
    }
  }
}

function startRun(model: AgentState, live: ModelRun | null, isHeld: boolean): void {
  check(
    live && !live.hasHandle && live.stopReason === null && !isHeld,
    'only a run on record is started, once',
  )
  if (model.brokenStarts > 0) {
    model.brokenStarts--
    return endRun(model, live, 'failed', null)
  }
  bringUp(model, live)
}
