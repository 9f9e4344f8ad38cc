import type { Admission, AgentView } from '../../src/core/agent-view.ts'
import { refusalGate } from '../../src/core/gates.ts'
import { canAdvanceReceipt } from '../../src/core/receipt.ts'
import type { DeathHistory } from '../../src/core/restart.ts'
import { Lifecycle } from '../../src/schema/lifecycle.ts'
import { isFinalReceiptState, type ReceiptState } from '../../src/schema/message.ts'
import type { RunStatus, StopReason, Suspension, TurnState } from '../../src/schema/run.ts'

export interface ModelMessage {
  id: number
  state: ReceiptState
  run: ModelRun | null
  isWritten: boolean
  /** Its program has begun with it. */
  isTaken: boolean
  tries: number
  since: number
}

export interface ModelRun {
  status: RunStatus
  turn: TurnState
  hasHandle: boolean
  stopReason: StopReason | null
  suspension: Suspension | null
  suspendedAt: number | null
  isReleased: boolean
  isResumed: boolean
  isGreeted: boolean
  isUnusable: boolean
  isStale: boolean
  readyAt: number | null
  startedAt: number | null
  activeAt: number
  background: number
  /** Ids of messages in the order in which they went into its input. */
  input: number[]
}

/** What a program asked a person. */
export interface ModelQuestion {
  run: ModelRun
  isOpen: boolean
  /** Null: it may wait for ever. */
  dueAt: number | null
}

export interface ModelOptions {
  hasTurns: boolean
  /** Its program takes messages only once it was greeted. */
  needsGreeting?: boolean
  isEphemeral?: boolean
  /** Its runtime can suspend a run. */
  canSuspend?: boolean
  lifecycle?: Partial<Lifecycle>
  /** How long its questions wait; 0: for ever. */
  questionMs?: number
}

const crowded: Admission = { gate: 'admission', cause: 'crowded', mostMs: 60_000 }

/** One agent as its rows have it, without a database, a runtime or a clock. */
export class AgentState {
  now = 1_000_000
  hold: AgentView['hold'] = null
  wish: AgentView['wish'] = null
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
  readonly questions: ModelQuestion[] = []
  /** Answers that are not in the input of the run that asked. */
  unwrittenAnswers = 0
  writtenAnswers = 0
  readonly hasTurns: boolean
  readonly needsGreeting: boolean
  readonly isEphemeral: boolean
  readonly canSuspend: boolean
  readonly lifecycle: Lifecycle
  readonly questionMs: number
  history: DeathHistory = { attempts: 0, deaths: [] }
  hasSession = false
  brokenStarts = 0
  /** Runs that are the next to be suspended, or to be resumed, and can't be. */
  brokenMoves = 0

  constructor({
    hasTurns,
    needsGreeting = false,
    isEphemeral = false,
    canSuspend = false,
    lifecycle = {},
    questionMs = 3_600_000,
  }: ModelOptions) {
    this.questionMs = questionMs
    this.needsGreeting = hasTurns && needsGreeting
    this.hasTurns = hasTurns
    this.isEphemeral = isEphemeral
    this.canSuspend = canSuspend
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
    const open = this.openOf(live)
    const questions = this.questionsOf(live)
    const dueAts = this.openQuestions().flatMap(({ dueAt }) => dueAt ?? [])
    return {
      hold: this.hold,
      wish: this.wish,
      isRemoving: this.isRemoving,
      isNew: this.isNew,
      isEphemeral: this.isEphemeral,
      isOverBudget: this.hasSpentAll,
      isSupervised: false,
      hasUnit: false,
      isFound: false,
      parkedUntil: this.parkedUntil,
      notBefore: this.notBefore,
      waiting: this.waiting,
      admission: this.isCrowded && !live ? crowded : null,
      attached: this.attached,
      awaitedUntil: this.awaitedUntil,
      lifecycle: this.lifecycle,
      run: live && {
        ...live,
        turn: questions.length > 0 ? 'waiting' : live.turn,
        hasTurns: this.hasTurns,
        canSteer: false,
        isBegun: false,
        isUnknown: false,
        canSuspend: this.canSuspend,
      },
      queued: this.queued().length,
      isSteering: false,
      open: open.length,
      openSince: open.length > 0 ? Math.min(...open.map(({ since }) => since)) : null,
      unwritten: open.filter(({ isWritten }) => !isWritten).length + this.unwrittenAnswers,
      questions: questions.length,
      questionDueAt: dueAts.length > 0 ? Math.min(...dueAts) : null,
      unreleased: this.runs.filter((run) => run !== live && !run.isReleased).length,
      task: this.task(),
    }
  }

  task(): AgentView['task'] {
    const state = this.isEphemeral ? this.messages[0]?.state : undefined
    if (state === 'done') {
      return 'done'
    }
    return state && isFinalReceiptState(state) ? 'failed' : 'open'
  }

  /** A message for it, which is refused where it takes none. */
  send(): void {
    this.messages.push({
      id: this.messages.length,
      state: refusalGate(this.view()) ? 'refused' : 'stored',
      run: null,
      isWritten: false,
      isTaken: false,
      tries: 0,
      since: this.now,
    })
  }

  move(message: ModelMessage | undefined, to: ReceiptState): void {
    if (message && canAdvanceReceipt(message.state, to)) {
      check(!isFinalReceiptState(message.state), 'a final receipt stays')
      message.state = to
      message.since = this.now
    }
  }

  queued(): ModelMessage[] {
    return this.messages.filter(
      ({ run, state }) => run === null && ['stored', 'waking', 'delivered'].includes(state),
    )
  }

  openQuestions(): ModelQuestion[] {
    return this.questions.filter(({ isOpen }) => isOpen)
  }

  questionsOf(run: ModelRun | null): ModelQuestion[] {
    return this.openQuestions().filter((question) => question.run === run)
  }

  openOf(run: ModelRun | null): ModelMessage[] {
    return run
      ? this.messages.filter(
          (message) => message.run === run && !isFinalReceiptState(message.state),
        )
      : []
  }
}

/** Throws when an invariant is broken. */
export function check(condition: unknown, invariant: string): asserts condition {
  if (!condition) {
    throw new Error(`Broken: ${invariant}.`)
  }
}
