import type { AgentView } from '../../src/core/agent-view.ts'
import { nextStep, type Step } from '../../src/core/next-step.ts'
import { canAdvanceReceipt } from '../../src/core/receipt.ts'
import { isFinalReceiptState, type ReceiptState } from '../../src/schema/message.ts'
import type { RunStatus, StopReason, TurnState } from '../../src/schema/run.ts'

/** What a new daemon finds of a run that was under way. */
export type Found = 'running' | 'exited' | 'lost' | 'unstarted'

/** What people and programs do to an agent, in any order and at any moment. */
export type Act =
  | { do: 'send' | 'stop' | 'start' | 'wake' | 'sleep' | 'remove' }
  /** The program took a message, or is through with it. */
  | { do: 'accept' | 'end-turn' }
  | { do: 'end-run'; how: 'exited' | 'failed' | 'lost' }
  /** The daemon died and came again; what was under way is found as this. */
  | { do: 'restart'; found: Found }
  /** The next start goes wrong. */
  | { do: 'break-start' }
  /** So many steps are taken before the next act. */
  | { do: 'steps'; count: number }

interface ModelMessage {
  id: number
  state: ReceiptState
  run: ModelRun | null
  isWritten: boolean
  /** A program may have read it. */
  isGiven: boolean
}

interface ModelRun {
  status: RunStatus
  turn: TurnState
  hasHandle: boolean
  stopReason: StopReason | null
  isReleased: boolean
  /** Ids of messages in the order in which they went into its input. */
  input: number[]
}

/**
 * One agent without a database, a runtime or a clock: it takes the steps that `core` decides, each
 * as short as its meaning, and throws as soon as one of them breaks an invariant.
 */
export class AgentModel {
  hold: 'stopped' | null = null
  wish: 'wake' | 'sleep' | null = null
  isRemoving = false
  isRemoved = false
  readonly messages: ModelMessage[] = []
  readonly runs: ModelRun[] = []
  readonly hasTurns: boolean
  #brokenStarts = 0

  constructor(hasTurns: boolean) {
    this.hasTurns = hasTurns
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
      run: live && {
        status: live.status,
        turn: live.turn,
        hasHandle: live.hasHandle,
        stopReason: live.stopReason,
        hasTurns: this.hasTurns,
      },
      queued: this.#queued().length,
      open: open.length,
      unwritten: open.filter(({ isWritten }) => !isWritten).length,
      unreleased: this.runs.filter((run) => run !== live && !run.isReleased).length,
    }
  }

  /** Takes steps until there is none, or so many; returns how many it took. */
  settle(limit: number): number {
    for (let count = 0; count < limit; count++) {
      const step = this.isRemoved ? null : nextStep(this.view())
      if (!step) {
        return count
      }
      this.#take(step)
    }
    return limit
  }

  act(act: Act): void {
    if (this.isRemoved) {
      return
    }
    switch (act.do) {
      case 'send':
        return void this.messages.push({
          id: this.messages.length,
          state: this.hold || this.isRemoving ? 'refused' : 'stored',
          run: null,
          isWritten: false,
          isGiven: false,
        })
      case 'stop':
        this.hold = 'stopped'
        return
      case 'start':
        this.hold = null
        this.wish = 'wake'
        return
      case 'wake':
      case 'sleep':
        this.wish = this.hold && act.do === 'wake' ? this.wish : act.do
        return
      case 'remove':
        this.isRemoving = true
        return
      case 'accept':
        return this.#move(this.#firstDelivered(), 'accepted')
      case 'end-turn':
        return this.#endTurn()
      case 'end-run':
        return this.live?.hasHandle ? this.#end(this.live, act.how) : undefined
      case 'restart':
        return this.#recover(act.found)
      case 'break-start':
        this.#brokenStarts++
        return
      case 'steps':
        this.settle(act.count)
    }
  }

  #take({ do: step }: Step): void {
    const { live } = this
    const isHeld = this.hold !== null || this.isRemoving
    switch (step) {
      case 'create-run':
        check(
          live === null && !isHeld,
          'a run is made only where there is none and none is held off',
        )
        this.runs.push({
          status: 'starting',
          turn: 'idle',
          hasHandle: false,
          stopReason: null,
          isReleased: false,
          input: [],
        })
        return this.#queued().forEach((message) => this.#move(message, 'waking'))
      case 'assign-message':
        return this.#assign(this.#queued()[0], live)
      case 'refuse-messages':
        check(isHeld, 'messages are refused only by who is held')
        return this.#queued().forEach((message) => this.#move(message, 'refused'))
      case 'request-stop':
        check(
          live?.hasHandle === true && live.stopReason === null,
          'a stop is asked for once, of a run that is up',
        )
        Object.assign(live, {
          status: 'stopping',
          stopReason: this.isRemoving ? 'remove' : this.hold ? 'stop' : 'sleep',
        })
        this.wish = this.wish === 'sleep' ? null : this.wish
        return
      case 'cancel-run':
        check(live?.hasHandle === false, 'only a run that never came up is cancelled')
        return this.#end(live, 'stopped')
      case 'clear-wish':
        check(this.wish !== null, 'a wish is cleared where there is one')
        this.wish = null
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
        return this.#end(live, 'stopped')
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

  #assign(message: ModelMessage | undefined, live: ModelRun | null): void {
    check(
      message && live && live.stopReason === null,
      'a message is given to a run that will read it',
    )
    check(
      !this.hasTurns || this.#openOf(live).length === 0,
      'who takes turns gets one message at a time',
    )
    check(!message.isGiven, 'what a program may have read is given to no other')
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
      return this.#end(live, 'failed')
    }
    this.#up(live)
  }

  #up(live: ModelRun): void {
    live.hasHandle = true
    live.status = live.status === 'starting' ? 'running' : live.status
    this.#openOf(live)
      .filter(({ isWritten }) => isWritten)
      .forEach((message) => this.#move(message, 'delivered'))
  }

  #recover(found: Found): void {
    const { live } = this
    if (!live) {
      return
    }
    if (found === 'unstarted' && !live.hasHandle) {
      return this.#end(live, 'lost')
    }
    this.#up(live)
    if (found !== 'running') {
      this.#end(live, found === 'exited' ? 'exited' : 'lost')
    }
  }

  #end(run: ModelRun, how: 'exited' | 'failed' | 'lost' | 'stopped'): void {
    run.status = run.stopReason ? 'stopped' : how
    for (const message of this.#openOf(run)) {
      if (
        message.state === 'delivered' ||
        message.state === 'accepted' ||
        run.status === 'failed'
      ) {
        this.#move(message, 'failed')
      } else {
        Object.assign(message, { run: null, isWritten: false })
      }
    }
    if (run.status === 'failed' && this.wish === 'wake') {
      this.wish = null
    }
  }

  #endTurn(): void {
    const message = this.#firstDelivered()
    if (message?.run) {
      this.#move(message, 'done')
      if (this.#openOf(message.run).length === 0) {
        message.run.turn = 'idle'
      }
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
      message.isGiven ||= to === 'delivered'
    }
  }

  #queued(): ModelMessage[] {
    return this.messages.filter(
      ({ run, state }) => run === null && (state === 'stored' || state === 'waking'),
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

function check(condition: unknown, invariant: string): asserts condition {
  if (!condition) {
    throw new Error(`Broken: ${invariant}.`)
  }
}
