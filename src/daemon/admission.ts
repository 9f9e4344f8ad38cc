import { availableParallelism } from 'node:os'
import { shortage } from '../core/admission.ts'
import type { Admission as Refusal } from '../core/agent-view.ts'
import type { Config } from '../schema/config.ts'
import { readMachineFacts } from './machine-facts.ts'

/** While starts wait for the machine it is looked at this often, ms: a shortage has no event for its end. */
const lookMs = 1000

/** A program that was up this long no longer counts as starting, though it said nothing yet, ms. */
const settleMs = 10_000

export interface AdmissionOptions {
  limits: Config['admission']
  /** The agent may start now, or should look again. */
  onFree: (agentId: string) => void
}

/**
 * Who may start when: so many at once, none while the machine is short of memory or processors,
 * ephemeral agents only so many in all. Who waits, waits in order. Nothing of it is stored: after a
 * start of the daemon the queue is made anew from the agents that want to be up.
 */
export class Admission {
  readonly #limits: Config['admission']
  readonly #onFree: (agentId: string) => void
  readonly #most: number
  /** Starts under way, by agent. */
  readonly #starting = new Map<string, NodeJS.Timeout | null>()
  /** Ephemeral agents that have a run. */
  readonly #ephemeral = new Set<string>()
  /** Agents that wait, the longest first. */
  readonly #waiting = { admission: new Set<string>(), queue: new Set<string>() }
  #timer: NodeJS.Timeout | null = null

  constructor({ limits, onFree }: AdmissionOptions) {
    this.#limits = limits
    this.#onFree = onFree
    this.#most = limits.starts ?? Math.max(4, 2 * availableParallelism())
  }

  /** Why an agent may not start now; null: it may. No side effects. */
  look(agentId: string, isEphemeral: boolean, memoryBytes: number | null): Refusal | null {
    if (isEphemeral) {
      const room = this.#limits.ephemeral - this.#ephemeral.size
      if (!this.#ephemeral.has(agentId) && placeIn(this.#waiting.queue, agentId) >= room) {
        const cause = `${this.#ephemeral.size} of ${this.#limits.ephemeral} ephemeral agents are at work`
        return { gate: 'queue', cause, mostMs: null }
      }
    }
    const cause =
      this.#busyCause(agentId) ?? shortage(readMachineFacts(), this.#limits, memoryBytes)
    return cause === null ? null : { gate: 'admission', cause, mostMs: this.#limits.maxWaitMs }
  }

  /** It has to wait: it keeps its place until it starts or leaves. */
  wait(agentId: string, gate: Refusal['gate']): void {
    // Who waits for the machine keeps its place in the queue: it is at its head, and comes up next.
    if (gate === 'queue') {
      this.#waiting.admission.delete(agentId)
    }
    this.#waiting[gate].add(agentId)
    if (this.#waiting.admission.size > 0) {
      this.#timer ??= setInterval(() => this.#wakeWaiting(), lookMs).unref()
    }
  }

  /** A run of it begins. */
  begin(agentId: string, isEphemeral: boolean): void {
    this.leave(agentId)
    this.#starting.set(agentId, null)
    if (isEphemeral) {
      this.#ephemeral.add(agentId)
    }
  }

  /** It has had a run since before the daemon started. */
  keep(agentId: string): void {
    this.#ephemeral.add(agentId)
  }

  /** Its program is up; it counts as starting until it is at work, but not for ever. */
  up(agentId: string, isAtWork: boolean): void {
    if (isAtWork) {
      this.#settle(agentId)
    } else if (this.#starting.get(agentId) === null) {
      const timer = setTimeout(() => this.#settle(agentId), settleMs)
      timer.unref()
      this.#starting.set(agentId, timer)
    }
  }

  /** Its run is over. */
  end(agentId: string): void {
    const hadPlace = this.#ephemeral.delete(agentId)
    this.#settle(agentId)
    if (hadPlace) {
      this.#wake(this.#waiting.queue, this.#limits.ephemeral - this.#ephemeral.size)
    }
  }

  /** Lets go of starts that came to nothing: their transaction was taken back. */
  sweep(hasRun: (agentId: string) => boolean): void {
    for (const agentId of [...this.#starting.keys(), ...this.#ephemeral]) {
      if (!hasRun(agentId)) {
        this.end(agentId)
      }
    }
  }

  /** It no longer wants to start. */
  leave(agentId: string): void {
    this.#waiting.admission.delete(agentId)
    this.#waiting.queue.delete(agentId)
    if (this.#waiting.admission.size === 0 && this.#timer) {
      clearInterval(this.#timer)
      this.#timer = null
    }
  }

  close(): void {
    clearInterval(this.#timer ?? undefined)
    this.#starting.forEach((timer) => clearTimeout(timer ?? undefined))
  }

  #busyCause(agentId: string): string | null {
    const room = this.#most - this.#starting.size
    return placeIn(this.#waiting.admission, agentId) < room
      ? null
      : `${this.#starting.size} of ${this.#most} starts are under way`
  }

  #settle(agentId: string): void {
    const timer = this.#starting.get(agentId)
    clearTimeout(timer ?? undefined)
    if (this.#starting.delete(agentId)) {
      this.#wakeWaiting()
    }
  }

  #wakeWaiting(): void {
    this.#wake(this.#waiting.admission, this.#most - this.#starting.size)
  }

  #wake(waiting: ReadonlySet<string>, count: number): void {
    for (const agentId of [...waiting].slice(0, Math.max(0, count))) {
      this.#onFree(agentId)
    }
  }
}

/** How many are before it. */
function placeIn(waiting: ReadonlySet<string>, agentId: string): number {
  if (!waiting.has(agentId)) {
    return waiting.size
  }
  let place = 0
  for (const other of waiting) {
    if (other === agentId) {
      break
    }
    place++
  }
  return place
}
