import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentView } from '../core/agent-view.ts'
import { nextLook, nextStep, wantsUp, type ActStep } from '../core/next-step.ts'
import type { Exit } from '../runtimes/contract.ts'
import type { RunRow } from '../store/index.ts'
import { Alarms } from './alarms.ts'
import { referenceOf, speechOf, type DaemonContext } from './context.ts'
import { finishRun, type LostRun } from './finish-run.ts'
import { GuestKeeper } from './guest-keeper.ts'
import { LiveRun } from './live-run.ts'
import { Records } from './records.ts'
import { releaseRuns, removeAgent } from './release.ts'
import { StartedRuns } from './start-run.ts'
import { stopRun } from './stop-run.ts'
import { resumeRun, suspendRun } from './suspend-run.ts'
import { takeFoundRun } from './take-found-run.ts'
import { installUnit, uninstallUnit } from './units.ts'
import { readView } from './views.ts'
import { writeInput } from './write-input.ts'

/** How long the end of the daemon waits for steps under way, ms. */
const closeMs = 3000

/** After a step failed, the agent is looked at again after this long, ms. */
const retryMs = 5000

/**
 * Brings each agent from what is to what is wanted: asks `core` for the next step, takes it, asks
 * again. One agent's steps come one after the other; agents go side by side.
 */
export class Reconciler {
  readonly records: Records
  /** Agents for which no step is taken, as their run of before is not found yet. What is asked of them waits as rows. */
  readonly held = new Set<string>()
  readonly alarms: Alarms
  readonly guests: GuestKeeper
  readonly #context: DaemonContext
  readonly #busy = new Map<string, Promise<void>>()
  readonly #lives = new Map<string, LiveRun>()
  readonly #started: StartedRuns
  #isClosed = false

  constructor(context: DaemonContext) {
    this.#context = context
    this.records = new Records(context)
    this.alarms = new Alarms((agentId) => this.kick(agentId), context.now)
    this.guests = new GuestKeeper(context)
    this.#started = new StartedRuns(this)
  }

  get context(): DaemonContext {
    return this.#context
  }

  /** Something about this agent may be to do. The steps that need no waiting are taken before it returns. */
  kick(agentId: string): void {
    if (this.#isClosed || this.held.has(agentId)) {
      return
    }
    if (this.#busy.has(agentId)) {
      this.#started.reconsider(agentId)
      return
    }
    const work = this.#settle(agentId).catch((error: unknown) => {
      this.#context.log.error({ err: error, agent: agentId }, 'a step failed; trying again')
      this.alarms.set(agentId, this.#context.now() + retryMs)
    })
    if (this.#busy.has(agentId)) {
      this.#busy.set(agentId, work)
    }
  }

  /** The daemon's side of a run, made when first asked for. */
  live(run: RunRow): LiveRun {
    let live = this.#lives.get(run.id)
    if (!live) {
      live = new LiveRun({
        context: this.#context,
        records: this.records,
        run,
        spec: this.#context.specs.get(run.agent_id),
        speech: speechOf(this.#context, run),
        folder: referenceOf(this.#context, run.id).folder,
        onExit: (exit) => this.#finishStarted(run.id, exit),
        onChange: () => this.kick(run.agent_id),
      })
      this.#lives.set(run.id, live)
    }
    return live
  }

  /** The run is over: nothing of it is followed any more. */
  forget(runId: string): void {
    this.#lives.get(runId)?.close()
    this.#lives.delete(runId)
  }

  /** A run whose files are not watched is looked at now. */
  wakeBlind(runId: string): void {
    const live = this.#lives.get(runId)
    if (live?.isBlind) {
      live.wake()
    }
  }

  /** The program is gone: reads what is left, ends the run. `exit` is null when there is no record of it. */
  finishRun(runId: string, exit: Exit | null, lost?: LostRun): void {
    finishRun(this, runId, exit, lost)
  }

  /** Lets go of every run; the programs go on. Resolves when no step is under way, or soon. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.alarms.close()
    // What is under way may take long; the next daemon finds out how far it came.
    const ended = Promise.all([...this.#busy.values(), this.guests.close()])
    await Promise.race([ended, sleep(closeMs, null, { ref: false })])
    for (const live of this.#lives.values()) {
      live.close()
    }
    this.#lives.clear()
  }

  /** The run of an agent that has one. */
  liveRow(agentId: string): RunRow {
    const { store } = this.#context
    const runId = store.agents.get(agentId)?.run_id
    const run = runId ? store.runs.get(runId) : undefined
    if (!run) {
      throw new Error(`Agent ${agentId} has no live run.`)
    }
    return run
  }

  /** A program may end before its start came back; the ending then waits for the beginning. */
  #finishStarted(runId: string, exit: Exit): void {
    if (this.#context.store.runs.get(runId)?.handle) {
      this.finishRun(runId, exit)
    }
  }

  async #settle(agentId: string): Promise<void> {
    this.#busy.set(agentId, Promise.resolve())
    try {
      while (!this.#isClosed) {
        const now = this.#context.now()
        const view = readView(this.#context, agentId)
        const step = view && nextStep(view, now)
        if (!step) {
          this.#rest(agentId, view, now)
          return
        }
        if (step.do === 'cancel-run' && this.#started.isUp(agentId)) {
          await this.#started.start(agentId)
        } else if (step.kind === 'record') {
          this.records.record(agentId, step)
        } else {
          const wait = this.#act(agentId, step.do)
          if (wait) {
            await wait
          }
        }
      }
    } finally {
      this.#busy.delete(agentId)
    }
  }

  /**
   * Nothing is to do until something changes, or a time comes. Who waits for the machine has a place;
   * the last daemon's places are not stored, so who is known to wait takes one anew.
   */
  #rest(agentId: string, view: AgentView | undefined, now: number): void {
    const { admission } = this.#context
    this.alarms.set(agentId, view ? nextLook(view, now) : null)
    const gate = view && !view.run && !view.hold && wantsUp(view) ? view.admission?.gate : null
    if (gate && view?.waiting?.gate === gate) {
      admission.wait(agentId, gate)
    } else {
      admission.leave(agentId)
    }
  }

  #act(agentId: string, step: ActStep['do']): Promise<void> | undefined {
    switch (step) {
      case 'write-input':
        writeInput(this.#context, this.records, this.live(this.liveRow(agentId)))
        return undefined
      case 'start-run':
        return this.#started.start(agentId)
      case 'stop-run':
        return stopRun(this, agentId)
      case 'suspend-run':
        return suspendRun(this, agentId)
      case 'resume-run':
        return resumeRun(this, agentId)
      case 'release-runs':
        return releaseRuns(this, agentId)
      case 'install-unit':
        return installUnit(this, agentId)
      case 'uninstall-unit':
        return uninstallUnit(this, agentId)
      case 'take-found-run':
        return takeFoundRun(this, agentId)
      case 'remove-agent':
        return removeAgent(this, agentId)
    }
  }
}
