import { limits } from '../schema/limits.ts'

/** What follows from a change of what is under way. */
export type FlowStep = 'pause' | 'resume' | null

/**
 * How much was sent to somebody who has not said yet that they have dealt with it. Beyond the limit
 * nothing more is to be sent until they have dealt with half of that; so what waits for a slow one
 * is never more than the limit and the one frame that passed it.
 */
export class FlowControl {
  readonly #limitBytes: number
  #sent = 0
  #acknowledged = 0
  #isPaused = false

  constructor(limitBytes: number = limits.terminal.unacknowledgedBytes) {
    this.#limitBytes = limitBytes
  }

  /** So many bytes were sent. */
  sent(bytes: number): FlowStep {
    this.#sent += bytes
    if (this.#isPaused || this.#underWay <= this.#limitBytes) {
      return null
    }
    this.#isPaused = true
    return 'pause'
  }

  /** They have dealt with so many in all. An older word changes nothing; more than was sent is `wrong`. */
  acknowledged(total: number): FlowStep | 'wrong' {
    if (total > this.#sent) {
      return 'wrong'
    }
    this.#acknowledged = Math.max(this.#acknowledged, total)
    if (!this.#isPaused || this.#underWay > this.#limitBytes / 2) {
      return null
    }
    this.#isPaused = false
    return 'resume'
  }

  get #underWay(): number {
    return this.#sent - this.#acknowledged
  }
}
