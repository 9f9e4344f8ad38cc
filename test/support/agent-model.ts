import { refusalGate } from '../../src/core/gates.ts'
import { nextLook, nextStep } from '../../src/core/next-step.ts'
import type { Act } from './agent-acts.ts'
import { answer, ask, withdraw } from './agent-questions.ts'
import { acceptMessage, endRun, endTurn, recoverRun } from './agent-runs.ts'
import { AgentState, check } from './agent-state.ts'
import { takeStep } from './agent-steps.ts'

export type { Act, Found } from './agent-acts.ts'
export type { ModelOptions } from './agent-state.ts'

/**
 * One agent without a database, a runtime or a clock: it takes the steps that `core` decides, each
 * as short as its meaning, and throws as soon as one of them breaks an invariant.
 */
export class AgentModel extends AgentState {
  /** Takes steps until there is none, or so many; returns how many it took. */
  settle(limit: number): number {
    for (let count = 0; count < limit; count++) {
      const step = this.isRemoved ? null : nextStep(this.view(), this.now)
      if (!step) {
        this.#checkAlarm()
        return count
      }
      takeStep(this, step)
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
        return this.send()
      case 'stop':
        this.hold = 'stopped'
        return
      case 'start':
        this.hold = null
        this.parkedUntil = null
        this.notBefore = null
        this.history = { attempts: 0, deaths: [] }
        this.wish = 'wake'
        return
      case 'wake':
        this.#wake()
        return
      case 'sleep':
        this.wish = this.lifecycle.rest === 'suspend' ? 'suspend' : 'sleep'
        return
      case 'sleep-fully':
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
        return acceptMessage(this)
      case 'end-turn':
        return endTurn(this)
      case 'greet':
        return this.live?.hasHandle ? void (this.live.isGreeted = true) : undefined
      case 'become-unusable':
        return this.live?.hasHandle ? void (this.live.isUnusable = true) : undefined
      case 'ask':
        return ask(this)
      case 'answer':
        return answer(this)
      case 'withdraw':
        return withdraw(this)
      case 'end-run':
        return this.live?.hasHandle
          ? endRun(this, this.live, act.how, act.class ?? null)
          : undefined
      case 'restart-daemon':
        this.attached = 0
        this.awaitedUntil = this.now + 5000
        return recoverRun(this, act.found)
      case 'break-start':
        this.brokenStarts++
        return
      case 'break-move':
        this.brokenMoves++
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
        if (this.attached > 0) {
          this.attached--
          Object.assign(this.live ?? {}, { activeAt: this.now })
        }
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

  /** Who is to come up, and can't yet, is looked at again: by a time, or by who made it wait. */
  #checkAlarm(): void {
    const view = this.view()
    const isWanted = view.queued > 0 || view.wish === 'wake'
    if (!this.isRemoved && !view.run && !view.hold && isWanted && !this.hasSpentAll) {
      check(nextLook(view, this.now) !== null, 'who waits is looked at again')
    }
  }
}
