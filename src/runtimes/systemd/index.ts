import { rm } from 'node:fs/promises'
import { isProcessAlive } from '../../util/process-identity.ts'
import { waitUntil } from '../../util/wait.ts'
import { type SystemdManager } from '../../util/systemd-manager.ts'
import type {
  Exit,
  Found,
  Handle,
  Launch,
  LimitRefusal,
  Liveness,
  Probe,
  Recovery,
  RunReference,
  Runtime,
  StopOptions,
  Work,
} from '../contract.ts'
import { findInstanceProcesses, findRunProcesses } from '../holder/marks.ts'
import { measureWork } from '../holder/measure-work.ts'
import { ringBell, ringEnd, ringFor } from '../holder/ring-bell.ts'
import { killLeftovers, markStopped, stopRun } from '../holder/stop.ts'
import { runFiles } from '../run-folder.ts'
import { explainExit } from './explain-exit.ts'
import { parseHandle } from './handle.ts'
import { applyLimits, planUnitLimits } from './limits.ts'
import { findManager, findUnits } from './manager.ts'
import { probeManager } from './probe.ts'
import { recoverUnit } from './recover.ts'
import { startUnit } from './start.ts'
import { findUnitProcesses, releaseUnit } from './stop.ts'
import { unitFiles } from './unit-files.ts'
import type { Units } from '../units.ts'
import { SystemdUnits } from './units.ts'

/** Programs as transient units of systemd: of the user's own manager, or of the system's where Drover is root. */
export class SystemdRuntime implements Runtime {
  readonly name = 'systemd'
  readonly capabilities = {
    terminal: false,
    exec: false,
    limits: true,
    snapshot: false,
    networkPolicy: false,
    elsewhere: false,
    selfSupervised: true,
  }

  readonly units: Units
  readonly #manager: SystemdManager

  constructor(
    env: Readonly<Record<string, string | undefined>> = process.env,
    uid = process.getuid?.() ?? 0,
  ) {
    this.#manager = findManager(env, uid)
    this.units = new SystemdUnits(this.#manager, env)
  }

  async probe(signal: AbortSignal): Promise<Probe> {
    return await probeManager(this.#manager, signal)
  }

  async checkLimits(
    launch: Pick<Launch, 'limits' | 'reservedBytes'>,
    signal: AbortSignal,
  ): Promise<LimitRefusal | null> {
    const outcome = await planUnitLimits(this.#manager, launch, signal)
    return 'refusal' in outcome ? outcome.refusal : null
  }

  async start(launch: Launch, signal: AbortSignal): Promise<Handle> {
    const { argv, properties } = await applyLimits(this.#manager, launch, signal)
    return await startUnit(this.#manager, { launch: { ...launch, argv }, properties, signal })
  }

  async recover(run: RunReference, handle: Handle | null, signal: AbortSignal): Promise<Recovery> {
    const known = handle && parseHandle(handle)
    return await recoverUnit({ manager: this.#manager, run, handle: known, signal })
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
    const findUnmarked = (): number[] => findUnitProcesses(run)
    await stopRun(run, parseHandle(handle), { ...options, findUnmarked })
    await releaseUnit(this.#manager, run, options.signal)
  }

  async destroy(run: RunReference, handle: Handle | null, signal: AbortSignal): Promise<void> {
    // The holder records the ending and goes; one that does not is killed with its unit.
    markStopped(run)
    await killLeftovers(run, { isSparingHolder: true, signal })
    const isGone = handle
      ? async (): Promise<boolean> => !(await isProcessAlive(parseHandle(handle)))
      : async (): Promise<boolean> => (await findRunProcesses(run)).length === 0
    await waitUntil(isGone, { deadlineMs: 1000, signal })
    await releaseUnit(this.#manager, run, signal)
    await killLeftovers(run, { isSparingHolder: false, signal })
    const { bell, end, stop, limits } = runFiles(run.folder)
    for (const file of [bell, stop, end, limits, ...Object.values(unitFiles(run.folder))]) {
      await rm(file, { force: true })
    }
  }

  explainExit(run: RunReference, exit: Exit): string | null {
    return explainExit(run, exit)
  }

  async list(instance: string): Promise<Found[]> {
    const units = await findUnits(this.#manager, instance)
    const processes = await findInstanceProcesses(instance)
    return [
      ...units.map(({ run, unit }) => ({ run, what: `unit ${unit}` })),
      ...processes.map(({ run, pid, command }) => ({ run, what: `process ${pid} (${command})` })),
    ]
  }
}
