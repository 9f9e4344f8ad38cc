import type { AgentView, Admission } from '../../src/core/agent-view.ts'
import { refusalGate } from '../../src/core/gates.ts'
import { nextLook, nextStep, type Step } from '../../src/core/next-step.ts'
import { canAdvanceReceipt } from '../../src/core/receipt.ts'
import { judgeDeath, type DeathHistory } from '../../src/core/restart.ts'
import { Config } from '../../src/schema/config.ts'
import type { ErrorClass } from '../../src/schema/error-class.ts'
import { Lifecycle } from '../../src/schema/lifecycle.ts'
import { isFinalReceiptState, type ReceiptState } from '../../src/schema/message.ts'
import type { RunStatus, StopReason, TurnState } from '../../src/schema/run.ts'

/** What a new daemon finds of a run that was under way. */
export type Found = 'running' | 'exited' | 'lost' | 'unstarted'

/** What people, programs, machines and time do to an agent, in any order and at any moment. */
export type Act =
  | { do: 'send' | 'stop' | 'start' | 'wake' | 'sleep' | 'new' | 'restart' | 'remove' }
  /** The program took a message, or is through with it. */
  | { do: 'accept' | 'end-turn' }
  | { do: 'end-run'; how: 'exited' | 'failed' | 'lost'; class?: ErrorClass | null }
  /** The daemon died and came again; what was under way is found as this. */
  | { do: 'restart-daemon'; found: Found }
  /** The next start goes wrong. */
  | { do: 'break-start' }
  /** So many steps are taken before the next act. */
  | { do: 'steps'; count: number }
  | { do: 'pass'; ms: number }
  /** Out of quota for so long. */
  | { do: 'limit'; ms: number }
  /** Somebody attaches or goes; the machine takes starts or does not; jobs go on or end. */
  | { do: 'attach' | 'detach' | 'crowd' | 'uncrowd' | 'begin-job' | 'end-job' | 'spend' }

interface ModelMessage {
  id: number
  state: ReceiptState
  run: ModelRun | null
  isWritten: boolean
  /** Its program has begun with it. */
  isTaken: boolean
  tries: number
  since: number
}

interface ModelRun {
  status: RunStatus
  turn: TurnState
  hasHandle: boolean
  stopReason: StopReason | null
  isReleased: boolean
  isResumed: boolean
  readyAt: number | null
  startedAt: number | null
  activeAt: number
  background: number
  /** Ids of messages in the order in which they went into its input. */
  input: number[]
}

export interface ModelOptions {
  hasTurns: boolean
  isEphemeral?: boolean
  lifecycle?: Partial<Lifecycle>
}

const crowded: Admission = { gate: 'admission', cause: 'crowded', mostMs: 60_000 }
const restartLimits = Config.parse({}).restart

/**
 * One agent without a database, a runtime or a clock: it takes the steps that `core` decides, each
 * as short as its meaning, and throws as soon as one of them breaks an invariant.
 */
export class AgentModel {
  now = 1_000_000
  hold: AgentView['hold'] = null
  wish: 'wake' | 'sleep' | null = null
  isNew = true
  isRemoving = false
  isRemoved = false
  parkedUntil: number | null = null
  notBefore: number | null = null
  waiting: AgentView['waiting'] = null
  attached = 0
  awaitedUntil = 0
  isCrowded = false
  hasSpentAll = false
  readonly messages: ModelMessage[] = []
  readonly runs: ModelRun[] = []
  readonly hasTurns: boolean
  readonly isEphemeral: boolean
  readonly lifecycle: Lifecycle
  #history: DeathHistory = { attempts: 0, deaths: [] }
  #hasSession = false
  #brokenStarts = 0

  constructor({ hasTurns, isEphemeral = false, lifecycle = {} }: ModelOptions) {
    this.hasTurns = hasTurns
    this.isEphemeral = isEphemeral
    this.lifecycle = Lifecycle.parse(lifecycle)
  }

  get live(): ModelRun | null {
    const live = this.runs.filter(({ status }) =>
      ['starting', 'running', 'stopping'].includes(status),
    )
    check(live.length <= 1, 'there is at most one run')
    return live[0] ?? null
  }

  view(): AgentView {
    const { live } = this
    const open = this.#openOf(live)
    return {
      hold: this.hold,
      wish: this.wish,
      isRemoving: this.isRemoving,
      isNew: this.isNew,
      isEphemeral: this.isEphemeral,
      isOverBudget: this.hasSpentAll,
      isSupervised: false,
      parkedUntil: this.parkedUntil,
      notBefore: this.notBefore,
      waiting: this.waiting,
      admission: this.isCrowded && !live ? crowded : null,
      attached: this.attached,
      awaitedUntil: this.awaitedUntil,
      lifecycle: this.lifecycle,
      run: live && { ...live, hasTurns: this.hasTurns },
      queued: this.#queued().length,
      open: open.length,
      openSince: open.length > 0 ? Math.min(...open.map(({ since }) => since)) : null,
      unwritten: open.filter(({ isWritten }) => !isWritten).length,
      unreleased: this.runs.filter((run) => run !== live && !run.isReleased).length,
      task: this.#task(),
    }
  }

  /** Takes steps until there is none, or so many; returns how many it took. */
  settle(limit: number): number {
    for (let count = 0; count < limit; count++) {
      const step = this.isRemoved ? null : nextStep(this.view(), this.now)
      if (!step) {
        this.#checkAlarm()
        return count
      }
      this.#take(step)
    }
    return limit
  }

  /** Lets time pass to where it changes something; false when it changes nothing any more. */
  passToNextLook(): boolean {
    const at = this.isRemoved ? null : nextLook(this.view(), this.now)
    if (at === null) {
      return false
    }
    this.now = Math.max(this.now, at)
    return true
  }

  act(act: Act): void {
    if (this.isRemoved) {
      return
    }
    switch (act.do) {
      case 'send':
        return void this.messages.push({
          id: this.messages.length,
          state: refusalGate(this.view()) ? 'refused' : 'stored',
          run: null,
          isWritten: false,
          isTaken: false,
          tries: 0,
          since: this.now,
        })
      case 'stop':
        this.hold = 'stopped'
        return
      case 'start':
        this.hold = null
        this.parkedUntil = null
        this.notBefore = null
        this.#history = { attempts: 0, deaths: [] }
        this.wish = 'wake'
        return
      case 'wake':
        this.#wake()
        return
      case 'sleep':
        this.wish = 'sleep'
        return
      case 'new':
        this.isNew = true
        this.wish = refusalGate(this.view()) ? this.wish : 'wake'
        return
      case 'restart':
        if (this.#wake() && this.live?.hasHandle) {
          Object.assign(this.live, { status: 'stopping', stopReason: 'restart' })
        }
        return
      case 'remove':
        this.isRemoving = true
        return
      case 'accept':
        return this.#accept()
      case 'end-turn':
        return this.#endTurn()
      case 'end-run':
        return this.live?.hasHandle ? this.#end(this.live, act.how, act.class ?? null) : undefined
      case 'restart-daemon':
        this.attached = 0
        this.awaitedUntil = this.now + 5000
        return this.#recover(act.found)
      case 'break-start':
        this.#brokenStarts++
        return
      case 'steps':
        this.settle(act.count)
        return
      case 'pass':
        this.now += act.ms
        return
      case 'limit':
        this.parkedUntil = this.live?.hasHandle ? this.now + act.ms : this.parkedUntil
        return
      case 'attach':
        this.attached++
        return
      case 'detach':
        this.attached = Math.max(0, this.attached - 1)
        return
      case 'crowd':
        this.isCrowded = true
        return
      case 'uncrowd':
        this.isCrowded = false
        return
      case 'begin-job':
        return this.live?.hasHandle ? void this.live.background++ : undefined
      case 'end-job':
        return this.live ? void (this.live.background = 0) : undefined
      case 'spend':
        this.hasSpentAll = true
    }
  }

  #wake(): boolean {
    if (refusalGate(this.view()) || (this.parkedUntil ?? 0) > this.now) {
      return false
    }
    this.wish = 'wake'
    this.notBefore = null
    return true
  }

  #take(step: Step): void {
    const { live } = this
    const isHeld = this.hold !== null || this.isRemoving
    switch (step.do) {
      case 'create-run':
        return this.#create()
      case 'assign-message':
        return this.#assign(this.#queued()[0], live)
      case 'refuse-messages':
        check(isHeld || this.hasSpentAll, 'messages are refused only by who can take none')
        return this.#queued().forEach((message) =>
          this.#move(message, this.hold === 'quarantined' ? 'dead' : 'refused'),
        )
      case 'request-stop':
        return this.#requestStop(live, step.reason)
      case 'cancel-run':
        check(live?.hasHandle === false, 'only a run that never came up is cancelled')
        return this.#end(live, 'stopped', null)
      case 'clear-wish':
        check(this.wish !== null, 'a wish is cleared where there is one')
        this.wish = null
        this.waiting = null
        return
      case 'unpark':
        check(this.now >= (this.parkedUntil ?? Infinity), 'who is parked stays so until its time')
        this.parkedUntil = null
        this.wish = 'wake'
        return
      case 'remove-task':
        check(this.isEphemeral && this.messages[0]?.state === 'done', 'only who is done goes')
        this.isRemoving = true
        return
      case 'note-wait':
        this.waiting = { gate: step.gate.gate, until: step.gate.until, since: this.now }
        return
      case 'give-up-wait':
        check(this.isCrowded, 'only a wait for the machine is given up')
        this.#queued().forEach((message) => this.#move(message, 'failed'))
        this.wish = null
        this.waiting = null
        return
      case 'write-input':
        return this.#write(live)
      case 'start-run':
        return this.#start(live, isHeld)
      case 'stop-run':
        check(
          live?.stopReason !== null && live?.hasHandle === true,
          'a run is stopped after that was put down',
        )
        return this.#end(live, 'stopped', null)
      case 'release-runs':
        check(live === null, 'what a run left is released when none lives')
        return this.runs.forEach((run) => (run.isReleased = true))
      case 'remove-agent':
        check(this.isRemoving && live === null, 'an agent is removed when nothing of it lives')
        check(
          this.runs.every(({ isReleased }) => isReleased),
          'an agent is removed when all it left is released',
        )
        this.isRemoved = true
    }
  }

  #create(): void {
    check(this.live === null, 'a run is made only where there is none')
    check(!refusalGate(this.view()), 'who is held, or has spent all, gets no run')
    check((this.parkedUntil ?? 0) <= this.now, 'who is parked gets no run')
    check((this.notBefore ?? 0) <= this.now, 'who died is not brought up before its time')
    check(!this.isCrowded, 'the machine takes no starts')
    this.runs.push({
      status: 'starting',
      turn: 'idle',
      hasHandle: false,
      stopReason: null,
      isReleased: false,
      isResumed: this.#hasSession && !this.isNew,
      readyAt: null,
      startedAt: null,
      activeAt: this.now,
      background: 0,
      input: [],
    })
    this.waiting = null
    this.#queued().forEach((message) => this.#move(message, 'waking'))
  }

  #requestStop(live: ModelRun | null, reason: StopReason): void {
    check(
      live?.hasHandle === true && live.stopReason === null,
      'a stop is asked for once, of a run that is up',
    )
    const isAsked = reason === 'stop' || reason === 'remove'
    const isAtRest = live.turn === 'idle' && this.#openOf(live).length === 0
    check(isAsked || reason === 'unready' || isAtRest || !this.hasTurns, 'only a stop ends a turn')
    check(isAsked || live.background === 0 || reason === 'unready', 'only a stop ends a job')
    check(
      (reason !== 'idle' && reason !== 'age') ||
        (this.attached === 0 && this.now >= this.awaitedUntil),
      'nobody is left alone by a sleeping agent',
    )
    check(reason !== 'unready' || live.readyAt === null, 'who took a turn is ready')
    Object.assign(live, { status: 'stopping', stopReason: reason })
  }

  #assign(message: ModelMessage | undefined, live: ModelRun | null): void {
    check(
      message && live && live.stopReason === null,
      'a message is given to a run that will read it',
    )
    check(
      !this.hasTurns || this.#openOf(live).length === 0,
      'who takes turns gets one message at a time',
    )
    check(!message.isTaken, 'what a program has taken is given to no other')
    message.run = live
    live.turn = this.hasTurns ? 'working' : live.turn
  }

  #write(live: ModelRun | null): void {
    check(live, 'input is written for a run')
    for (const message of this.#openOf(live)) {
      if (!message.isWritten) {
        check(!live.input.includes(message.id), 'a message goes into an input once')
        check(
          live.input.every((id) => id < message.id),
          'messages go in in order',
        )
        live.input.push(message.id)
        message.isWritten = true
        if (live.hasHandle) {
          this.#move(message, 'delivered')
        }
      }
    }
  }

  #start(live: ModelRun | null, isHeld: boolean): void {
    check(
      live && !live.hasHandle && live.stopReason === null && !isHeld,
      'only a run on record is started, once',
    )
    if (this.#brokenStarts > 0) {
      this.#brokenStarts--
      return this.#end(live, 'failed', null)
    }
    this.#up(live)
  }

  #up(live: ModelRun): void {
    live.hasHandle = true
    live.startedAt ??= this.now
    live.activeAt = this.now
    live.status = live.status === 'starting' ? 'running' : live.status
    this.#openOf(live)
      .filter(({ isWritten }) => isWritten)
      .forEach((message) => this.#move(message, 'delivered'))
    if (!this.hasTurns) {
      this.#becomeReady(live)
    }
  }

  #becomeReady(live: ModelRun): void {
    live.readyAt ??= this.now
    this.#hasSession = true
    this.isNew = live.isResumed && this.isNew
  }

  #recover(found: Found): void {
    const { live } = this
    if (!live) {
      return
    }
    if (found === 'unstarted' && !live.hasHandle) {
      return this.#finish(live, 'lost', { isUnstarted: true, class: null })
    }
    this.#up(live)
    if (found !== 'running') {
      this.#end(live, found === 'exited' ? 'exited' : 'lost', null)
    }
  }

  #end(run: ModelRun, how: FinalStatus, errorClass: ErrorClass | null): void {
    const asked = run.stopReason === 'unready' ? 'failed' : run.stopReason ? 'stopped' : how
    this.#finish(run, asked, { isUnstarted: false, class: errorClass })
  }

  #finish(
    run: ModelRun,
    status: FinalStatus,
    { isUnstarted, class: errorClass }: { isUnstarted: boolean; class: ErrorClass | null },
  ): void {
    run.status = status
    run.turn = 'idle'
    const isGivenUp = status === 'failed' && !run.hasHandle
    for (const message of this.#openOf(run)) {
      const isSeen = message.state === 'delivered' || message.state === 'accepted'
      const isDoubtful = isSeen && (!this.hasTurns || status === 'lost')
      const isTry = (isSeen || isGivenUp) && status !== 'stopped'
      if (message.state === 'accepted' || isDoubtful) {
        message.isTaken = true
        this.#move(message, 'failed')
      } else if (isTry && message.tries + 1 >= this.lifecycle.tries) {
        this.#move(message, 'dead')
      } else {
        const tries = message.tries + (isTry ? 1 : 0)
        Object.assign(message, { run: null, isWritten: false, tries })
      }
    }
    if (this.hold || this.isRemoving) {
      return
    }
    if (run.stopReason === 'new' || run.stopReason === 'restart') {
      this.wish = 'wake'
    } else if (status !== 'stopped' && !isUnstarted) {
      this.#judge(run, status, errorClass)
    }
  }

  #judge(run: ModelRun, status: FinalStatus, errorClass: ErrorClass | null): void {
    const verdict = judgeDeath(
      this.#history,
      {
        now: this.now,
        livedMs: run.startedAt === null ? 0 : this.now - run.startedAt,
        isSuccess: status === 'exited',
        isMachineFault: false,
        errorClass,
        policy: this.lifecycle.restart,
        random: 0.5,
      },
      restartLimits,
    )
    this.#history = verdict
    this.notBefore = verdict.notBefore
    if (verdict.does === 'quarantine') {
      this.hold = 'quarantined'
      this.waiting = null
    } else if (verdict.does === 'restart') {
      this.wish = 'wake'
    } else if (status === 'failed' && this.wish === 'wake') {
      this.wish = null
    }
  }

  #accept(): void {
    const message = this.#firstDelivered()
    if (message?.run && this.hasTurns) {
      this.#becomeReady(message.run)
      this.#move(message, 'accepted')
      message.isTaken = true
    }
  }

  #endTurn(): void {
    const message = this.#firstDelivered()
    if (message?.run) {
      this.#becomeReady(message.run)
      this.#move(message, 'done')
      message.run.activeAt = this.now
      if (this.#openOf(message.run).length === 0) {
        message.run.turn = 'idle'
      }
    }
  }

  #task(): AgentView['task'] {
    const state = this.isEphemeral ? this.messages[0]?.state : undefined
    if (state === 'done') {
      return 'done'
    }
    return state && isFinalReceiptState(state) ? 'failed' : 'open'
  }

  /** Who is to come up, and can't yet, is looked at again: by a time, or by who made it wait. */
  #checkAlarm(): void {
    const view = this.view()
    const isWanted = view.queued > 0 || view.wish === 'wake'
    if (!this.isRemoved && !view.run && !view.hold && isWanted && !this.hasSpentAll) {
      check(nextLook(view, this.now) !== null, 'who waits is looked at again')
    }
  }

  #firstDelivered(): ModelMessage | undefined {
    return this.#openOf(this.live).find(
      ({ state }) => state === 'delivered' || state === 'accepted',
    )
  }

  #move(message: ModelMessage | undefined, to: ReceiptState): void {
    if (message && canAdvanceReceipt(message.state, to)) {
      check(!isFinalReceiptState(message.state), 'a final receipt stays')
      message.state = to
      message.since = this.now
    }
  }

  #queued(): ModelMessage[] {
    return this.messages.filter(
      ({ run, state }) => run === null && ['stored', 'waking', 'delivered'].includes(state),
    )
  }

  #openOf(run: ModelRun | null): ModelMessage[] {
    return run
      ? this.messages.filter(
          (message) => message.run === run && !isFinalReceiptState(message.state),
        )
      : []
  }
}

type FinalStatus = 'exited' | 'failed' | 'lost' | 'stopped'

function check(condition: unknown, invariant: string): asserts condition {
  if (!condition) {
    throw new Error(`Broken: ${invariant}.`)
  }
}
