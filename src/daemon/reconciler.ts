import { rm } from 'node:fs/promises'
import path from 'node:path'
import { nextStep, type ActStep } from '../core/next-step.ts'
import type { Exit, Handle } from '../runtimes/contract.ts'
import type { RunRow } from '../store/index.ts'
import {
  callSignal,
  getProvider,
  getRuntime,
  referenceOf,
  workDeadlineMs,
  type DaemonContext,
} from './context.ts'
import { causeOfExit } from './exit-cause.ts'
import { faultPoint } from './fault-point.ts'
import { LiveRun } from './live-run.ts'
import { prepareLaunch } from './prepare-launch.ts'
import { Records } from './records.ts'
import { readSpec, readView } from './views.ts'
import { settleInput, writeInput } from './write-input.ts'

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
  readonly #context: DaemonContext
  readonly #busy = new Map<string, Promise<void>>()
  readonly #lives = new Map<string, LiveRun>()
  /** Runs that were brought up and whose handle could not be stored yet, as on a full disk. */
  readonly #started = new Map<string, Handle>()
  #isClosed = false

  constructor(context: DaemonContext) {
    this.#context = context
    this.records = new Records(context)
  }

  /** Something about this agent may be to do. The steps that need no waiting are taken before it returns. */
  kick(agentId: string): void {
    if (this.#isClosed || this.held.has(agentId) || this.#busy.has(agentId)) {
      return
    }
    const work = this.#settle(agentId).catch((error: unknown) => {
      this.#context.log.error({ err: error, agent: agentId }, 'a step failed; trying again')
      setTimeout(() => this.kick(agentId), retryMs).unref()
    })
    if (this.#busy.has(agentId)) {
      this.#busy.set(agentId, work)
    }
  }

  /** The daemon's side of a run, made when first asked for. */
  live(run: RunRow): LiveRun {
    let live = this.#lives.get(run.id)
    if (!live) {
      const agent = this.#context.store.agents.get(run.agent_id)
      if (!agent) {
        throw new Error(`Run ${run.id} has no agent.`)
      }
      live = new LiveRun({
        context: this.#context,
        records: this.records,
        run,
        spec: readSpec(agent),
        provider: getProvider(this.#context, run.provider),
        folder: referenceOf(this.#context, run.id).folder,
        onExit: (exit) => this.#finishStarted(run.id, exit),
        onChange: () => this.kick(run.agent_id),
      })
      this.#lives.set(run.id, live)
    }
    return live
  }

  /** A run whose files are not watched is looked at now. */
  wakeBlind(runId: string): void {
    const live = this.#lives.get(runId)
    if (live?.isBlind) {
      live.wake()
    }
  }

  /** The program is gone: reads what is left, ends the run. `exit` is null when there is no record of it. */
  finishRun(
    runId: string,
    exit: Exit | null,
    lost: { cause: string; isUnstarted?: boolean } = { cause: 'it is gone and left no record' },
  ): void {
    const run = this.#context.store.runs.get(runId)
    if (!run || run.ended_at !== null) {
      return
    }
    const live = this.live(run)
    if (!lost.isUnstarted) {
      settleInput(this.#context, this.records, live)
    }
    const isSuccess = exit?.code === 0
    live.finish(isSuccess)
    faultPoint('run-read-out')
    this.#lives.delete(runId)
    this.records.endRun(run, {
      status: run.stop_reason
        ? 'stopped'
        : exit === null
          ? 'lost'
          : isSuccess
            ? 'exited'
            : 'failed',
      exitCode: exit?.code ?? null,
      signal: exit?.signal ?? null,
      cause: run.stop_reason
        ? `asked to ${run.stop_reason}`
        : exit
          ? causeOfExit(exit, referenceOf(this.#context, runId).folder)
          : lost.cause,
      now: this.#context.now(),
    })
    faultPoint('run-ended')
    this.kick(run.agent_id)
  }

  /** A program may end before its start came back; the ending then waits for the beginning. */
  #finishStarted(runId: string, exit: Exit): void {
    if (this.#context.store.runs.get(runId)?.handle) {
      this.finishRun(runId, exit)
    }
  }

  /** Lets go of every run; the programs go on. Resolves when no step is under way. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#busy.values())
    for (const live of this.#lives.values()) {
      live.close()
    }
    this.#lives.clear()
  }

  async #settle(agentId: string): Promise<void> {
    this.#busy.set(agentId, Promise.resolve())
    try {
      while (!this.#isClosed) {
        const view = readView(this.#context, agentId)
        const step = view && nextStep(view)
        if (!step) {
          return
        }
        if (step.kind === 'record') {
          this.records.record(agentId, step.do)
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

  #act(agentId: string, step: ActStep): Promise<void> | undefined {
    switch (step) {
      case 'write-input':
        writeInput(this.#context, this.records, this.live(this.#liveRow(agentId)))
        return undefined
      case 'start-run':
        return this.#startRun(agentId)
      case 'stop-run':
        return this.#stopRun(agentId)
      case 'release-runs':
        return this.#releaseRuns(agentId)
      case 'remove-agent':
        return this.#removeAgent(agentId)
    }
  }

  async #startRun(agentId: string): Promise<void> {
    const run = this.#liveRow(agentId)
    const handle = this.#started.get(run.id) ?? (await this.#bringUp(run))
    if (!handle) {
      return
    }
    this.#started.set(run.id, handle)
    this.records.setRunning(run, handle)
    this.#started.delete(run.id)
    faultPoint('run-recorded')
    // What it said since is there to be read: following begins with a look.
    this.live(run).follow()
  }

  /** The handle; null when it could not be brought up, and its run has ended. */
  async #bringUp(run: RunRow): Promise<Handle | null> {
    const { now } = this.#context
    const live = this.live(run)
    try {
      const launch = await prepareLaunch(this.#context, run)
      faultPoint('launch-prepared')
      const handle = await getRuntime(this.#context, run.runtime).start(
        launch,
        callSignal(this.#context, workDeadlineMs),
      )
      faultPoint('run-spawned')
      return handle
    } catch (error) {
      this.#context.log.warn({ err: error, agent: run.agent_id, run: run.id }, 'a start failed')
      live.close()
      this.#lives.delete(run.id)
      const cause = error instanceof Error ? error.message : String(error)
      this.records.endRun(run, {
        status: 'failed',
        exitCode: null,
        signal: null,
        cause,
        now: now(),
      })
      return null
    }
  }

  async #stopRun(agentId: string): Promise<void> {
    const { signal } = this.#context
    const run = this.#liveRow(agentId)
    const agent = this.#context.store.agents.get(agentId)
    const provider = getProvider(this.#context, run.provider)
    const reference = referenceOf(this.#context, run.id)
    const runtime = getRuntime(this.#context, run.runtime)
    await runtime.stop(reference, JSON.parse(run.handle ?? 'null'), {
      askMs: provider.askMs,
      graceMs: agent ? readSpec(agent).graceMs : 0,
      signal,
    })
    faultPoint('run-stopped')
    const found = await runtime.recover(reference, JSON.parse(run.handle ?? 'null'), signal)
    this.finishRun(run.id, found.state === 'exited' ? found.exit : null)
  }

  async #releaseRuns(agentId: string): Promise<void> {
    const { store, signal } = this.#context
    for (const run of store.runs.listUnreleased(agentId)) {
      await getRuntime(this.#context, run.runtime).destroy(
        referenceOf(this.#context, run.id),
        run.handle ? JSON.parse(run.handle) : null,
        signal,
      )
      faultPoint('run-released')
      this.records.change(agentId, 'relaxed', () => store.runs.setReleased(run.id))
      faultPoint('release-recorded')
    }
  }

  /** Its runs' folders and its own; the folder it worked in only where Drover made it. */
  async #removeAgent(agentId: string): Promise<void> {
    const { store, home, notifier } = this.#context
    const runs = store.runs.listOfAgent(agentId)
    await Promise.all(
      runs.map(
        async ({ id }) =>
          await rm(path.join(home.runsFolder, id), { recursive: true, force: true }),
      ),
    )
    await rm(path.join(home.agentsFolder, agentId), { recursive: true, force: true })
    faultPoint('folders-removed')
    store.transaction('durable', () => {
      this.records.event(agentId, 'agent.removed', {})
      store.agents.delete(agentId)
    })
    faultPoint('agent-removed')
    notifier.notify(`agent:${agentId}`)
  }

  #liveRow(agentId: string): RunRow {
    const { store } = this.#context
    const runId = store.agents.get(agentId)?.run_id
    const run = runId ? store.runs.get(runId) : undefined
    if (!run) {
      throw new Error(`Agent ${agentId} has no live run.`)
    }
    return run
  }
}
