import { rm } from 'node:fs/promises'
import { hasLimits } from '../../schema/agent-limits.ts'
import { isProcessAlive } from '../../util/process-identity.ts'
import { waitUntil } from '../../util/wait.ts'
import type {
  Exit,
  Found,
  Launch,
  LimitRefusal,
  Liveness,
  Probe,
  Recovery,
  RunReference,
  Runtime,
  StopOptions,
  Handle,
  Work,
} from '../contract.ts'
import { runFiles } from '../run-folder.ts'
import { explainExit } from '../limits/explain-exit.ts'
import { findGroups } from '../limits/find-groups.ts'
import { parseHandle } from '../holder/handle.ts'
import { measureWork } from '../holder/measure-work.ts'
import { applyLimits, checkLimits, probeLimits } from '../limits/apply-limits.ts'
import { findInstanceProcesses, findRunProcesses } from '../holder/marks.ts'
import { recoverKnown, recoverUnknown } from '../holder/recover.ts'
import { emptyOwnGroup, releaseLimits } from '../limits/release-limits.ts'
import { ringBell, ringEnd, ringFor } from '../holder/ring-bell.ts'
import { startHolder } from './start.ts'
import { SpareShells } from './spare-shells.ts'
import { killLeftovers, stopRun } from '../holder/stop.ts'

export interface ProcessOptions {
  /** How many shells wait to hold a program. */
  spares?: number
  /** Told when a run's group is there and nothing is in it yet: where a crash test may end the daemon. */
  onGroupMade?: () => void
}

/** Programs as plain processes of this machine, each under a holder in a session of its own. */
export class ProcessRuntime implements Runtime {
  readonly name = 'process'
  readonly capabilities = {
    terminal: false,
    exec: false,
    limits: true,
    snapshot: false,
    networkPolicy: false,
    elsewhere: false,
    selfSupervised: false,
  }

  /** Shells that wait to hold a program; the first start makes the first ones. */
  readonly spares: SpareShells

  readonly #onGroupMade: () => void

  constructor({ spares = 2, onGroupMade = () => undefined }: ProcessOptions = {}) {
    this.spares = new SpareShells(spares)
    this.#onGroupMade = onGroupMade
  }

  async probe(): Promise<Probe> {
    const { platform } = process
    if (platform !== 'linux' && platform !== 'darwin') {
      return { usable: false, detail: `not on ${platform}`, hint: 'Use Linux, macOS, or WSL 2.' }
    }
    const { detail, hint } = await probeLimits()
    return {
      usable: true,
      detail: `processes of this user, no isolation; limits: ${detail}`,
      hint,
    }
  }

  async checkLimits(
    launch: Pick<Launch, 'limits' | 'reservedBytes'>,
  ): Promise<LimitRefusal | null> {
    return await checkLimits(launch)
  }

  async start(launch: Launch, signal: AbortSignal): Promise<Handle> {
    if (!launch.limits || !hasLimits(launch.limits)) {
      return await startHolder(launch, this.spares)
    }
    const argv = await applyLimits(launch, { onGroupMade: this.#onGroupMade, signal })
    return await startHolder({ ...launch, argv }, this.spares)
  }

  async recover(run: RunReference, handle: Handle | null, signal: AbortSignal): Promise<Recovery> {
    return handle ? await recoverKnown(run, parseHandle(handle)) : await recoverUnknown(run, signal)
  }

  async inspect(handle: Handle): Promise<Liveness> {
    return (await isProcessAlive(parseHandle(handle))) ? 'alive' : 'dead'
  }

  async measureWork(run: RunReference): Promise<Work | null> {
    return await measureWork(run)
  }

  notifyInput(run: RunReference, bytes: number): void {
    ringBell(run, ringFor(bytes))
  }

  closeInput(run: RunReference): void {
    ringEnd(run)
  }

  async stop(run: RunReference, handle: Handle, options: StopOptions): Promise<void> {
    if (options.askMs > 0) {
      this.closeInput(run)
    }
    await stopRun(run, parseHandle(handle), options)
    await emptyOwnGroup(run, options.signal)
  }

  async destroy(run: RunReference, handle: Handle | null, signal: AbortSignal): Promise<void> {
    // The holder records the ending and goes; one that does not is killed with the rest.
    await killLeftovers(run, { isSparingHolder: true, signal })
    const isGone = handle
      ? async (): Promise<boolean> => !(await isProcessAlive(parseHandle(handle)))
      : async (): Promise<boolean> => (await findRunProcesses(run)).length === 0
    await waitUntil(isGone, { deadlineMs: 1000, signal })
    await killLeftovers(run, { isSparingHolder: false, signal })
    await releaseLimits(run, handle, signal)
    const { bell, end, stop } = runFiles(run.folder)
    for (const file of [bell, stop, end]) {
      await rm(file, { force: true })
    }
  }

  explainExit(run: RunReference, exit: Exit): string | null {
    return explainExit(run, exit)
  }

  async list(instance: string): Promise<Found[]> {
    const processes = await findInstanceProcesses(instance)
    const groups = await findGroups(instance)
    return [
      ...processes.map(({ run, pid, command }) => ({ run, what: `process ${pid} (${command})` })),
      ...groups.map(({ run, folder }) => ({ run, what: `cgroup ${folder}` })),
    ]
  }
}
