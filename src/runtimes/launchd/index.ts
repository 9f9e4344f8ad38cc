import { homedir } from 'node:os'
import path from 'node:path'
import type {
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
} from '../contract.ts'
import { ringBell, ringEnd, ringFor } from '../holder/ring-bell.ts'
import { isProcessAlive } from '../../util/process-identity.ts'
import { DroverError } from '../../schema/error.ts'
import { parseHandle } from './handle.ts'
import { jobPrefix } from './job.ts'
import { codes, Launchctl } from '../../util/launchctl.ts'
import { checkLimits, requireLimits } from './limits.ts'
import { parseLabels } from '../../util/launchd-service.ts'
import { probeLaunchd } from './probe.ts'
import { recoverStored, recoverUnstored } from './recover.ts'
import { startJob } from './start.ts'
import { destroyJob, stopJob } from './stop.ts'
import type { Units } from '../units.ts'
import { LaunchdUnits } from './units.ts'

export interface LaunchdOptions {
  platform?: NodeJS.Platform
  /** Absolute path of `launchctl`. */
  program?: string
  uid?: number
  /** Where launchd looks for services that are always on. */
  unitsFolder?: string
}

/** Programs as services of launchd, macOS' own supervisor: the user's agents, or the system's where Drover is root. */
export class LaunchdRuntime implements Runtime {
  readonly name = 'launchd'
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
  readonly #launchctl: Launchctl
  readonly #platform: NodeJS.Platform

  constructor({
    platform = process.platform,
    program = '/bin/launchctl',
    uid = process.getuid?.() ?? 0,
    unitsFolder = uid === 0
      ? '/Library/LaunchDaemons'
      : path.join(homedir(), 'Library', 'LaunchAgents'),
  }: LaunchdOptions = {}) {
    this.#platform = platform
    this.#launchctl = new Launchctl({ program, uid })
    this.units = new LaunchdUnits(this.#launchctl, unitsFolder)
  }

  async probe(signal: AbortSignal): Promise<Probe> {
    return await probeLaunchd(this.#launchctl, this.#platform, signal)
  }

  async checkLimits(
    launch: Pick<Launch, 'limits' | 'reservedBytes'>,
  ): Promise<LimitRefusal | null> {
    return await checkLimits(launch, this.#launchctl.uid)
  }

  async start(launch: Launch, signal: AbortSignal): Promise<Handle> {
    await requireLimits(launch, this.#launchctl.uid)
    return await startJob(this.#launchctl, launch, signal)
  }

  async recover(run: RunReference, handle: Handle | null, signal: AbortSignal): Promise<Recovery> {
    return handle
      ? await recoverStored(this.#launchctl, { run, handle: parseHandle(handle) }, signal)
      : await recoverUnstored(this.#launchctl, run, signal)
  }

  async inspect(handle: Handle): Promise<Liveness> {
    try {
      return (await isProcessAlive(parseHandle(handle))) ? 'alive' : 'dead'
    } catch {
      return 'unknown'
    }
  }

  notifyInput(run: RunReference, bytes: number): void {
    ringBell(run, ringFor(bytes))
  }

  closeInput(run: RunReference): void {
    ringEnd(run)
  }

  async stop(run: RunReference, handle: Handle, options: StopOptions): Promise<void> {
    if (options.askMs > 0) {
      ringEnd(run)
    }
    await stopJob(this.#launchctl, { run, handle: parseHandle(handle) }, options)
  }

  async destroy(run: RunReference, handle: Handle | null, signal: AbortSignal): Promise<void> {
    await destroyJob(this.#launchctl, { run, handle: handle && parseHandle(handle) }, signal)
  }

  /** The services of a home's runs, also those whose program is over. Where launchd is not, there are none. */
  async list(instance: string, signal: AbortSignal): Promise<Found[]> {
    if (this.#platform !== 'darwin') {
      return []
    }
    const prefix = jobPrefix(instance)
    const found: Found[] = []
    for (const domain of this.#launchctl.domains) {
      const { code, stdout, stderr } = await this.#launchctl.call(['print', domain], { signal })
      if (code !== 0 && !isNoDomain(code)) {
        throw new DroverError('runtime_unavailable', `launchd gives no answer: ${stderr}`)
      }
      const labels = parseLabels(stdout)
      found.push(
        ...labels
          .filter((label) => label.startsWith(prefix))
          .map((label) => ({
            run: label.slice(prefix.length),
            what: `service ${domain}/${label}`,
          })),
      )
    }
    return found
  }
}

/** Nobody is logged in there, so nothing of ours is there. */
function isNoDomain(code: number | null): boolean {
  return code === codes.noDomain || code === codes.noService || code === codes.notSupported
}
