import { existsSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { DroverError } from '../../schema/error.ts'
import { writePrivateFile } from '../../util/private-file.ts'
import { sendSignal } from '../../util/process-identity.ts'
import { waitUntil } from '../../util/wait.ts'
import { unitCommand, unitName, type Unit, type Units } from '../units.ts'
import { boundKeys, serviceKeys } from './job.ts'
import type { CallResult } from '../../util/call-program.ts'
import { codes, type Launchctl } from '../../util/launchctl.ts'
import { printService } from '../../util/launchd-service.ts'
import { formatService } from './service-plist.ts'
import { removeService } from './remove-service.ts'

/** How long launchd may refuse a service whose namesake is on its way out, ms. */
const bootstrapMs = 10_000

/** How long launchd may take to begin with what it was asked to end, ms. */
const takeMs = 1000

/**
 * Always-on agents as agents of launchd with `KeepAlive`: property lists in the folder that it reads
 * at each login, or at the start of the machine where Drover is root.
 */
export class LaunchdUnits implements Units {
  readonly #launchctl: Launchctl
  readonly #folder: string

  /** `folder` is where launchd looks: `~/Library/LaunchAgents`. */
  constructor(launchctl: Launchctl, folder: string) {
    this.#launchctl = launchctl
    this.#folder = folder
  }

  isInstalled(unit: Unit): boolean {
    return existsSync(this.#fileOf(unit))
  }

  async install(unit: Unit, signal: AbortSignal): Promise<void> {
    const domain = await this.#launchctl.domain(signal)
    if (domain === null) {
      throw failed(unit, 'launchd gives no answer')
    }
    const text = formatService(
      {
        ...serviceKeys(unitName(unit), this.#launchctl.uid),
        ...boundKeys(unit.limits),
        ProgramArguments: unitCommand(unit),
        KeepAlive: true,
      },
      'unit_failed',
    )
    const target = `${domain}/${unitName(unit)}`
    const found = await printService(this.#launchctl, target, signal)
    if (found === 'silent') {
      throw failed(unit, 'launchd gives no answer')
    }
    if (found !== 'absent' && readIfThere(this.#fileOf(unit)) === text) {
      return
    }
    await this.#remove(unit, target, signal)
    writePrivateFile(this.#fileOf(unit), text)
    // Somebody may have disabled one of this name, and launchd keeps that in mind.
    await this.#launchctl.call(['enable', target], { signal })
    const { code, stderr } = await this.#bootstrap(domain, this.#fileOf(unit), signal)
    if (code !== 0) {
      throw failed(unit, stderr || 'launchd gives no answer')
    }
  }

  async uninstall(unit: Unit, signal: AbortSignal): Promise<void> {
    for (const domain of this.#launchctl.domains) {
      await this.#remove(unit, `${domain}/${unitName(unit)}`, signal)
    }
    await rm(this.#fileOf(unit), { force: true })
  }

  restartCommand(unit: Unit): string {
    return `launchctl kickstart -k ${this.#launchctl.likelyDomain}/${unitName(unit)}`
  }

  #fileOf(unit: Unit): string {
    return path.join(this.#folder, `${unitName(unit)}.plist`)
  }

  /** Ends a service for good. launchd tells its main process alone, which is the holder; so its program is told here. */
  async #remove(unit: Unit, target: string, signal: AbortSignal): Promise<void> {
    const found = await printService(this.#launchctl, target, signal)
    if (found === 'absent') {
      return
    }
    const removing = removeService(this.#launchctl, target, signal)
    // It may fail before anybody waits for it.
    removing.catch(() => undefined)
    if (found !== 'silent' && found.pid !== null) {
      const isTaken = async (): Promise<boolean> => {
        const now = await printService(this.#launchctl, target, signal)
        return typeof now === 'string' || now.state !== found.state || now.pid !== found.pid
      }
      // Before launchd has begun to end it, it would be begun anew.
      await waitUntil(isTaken, { deadlineMs: takeMs, signal })
      sendSignal(-found.pid, 'SIGTERM')
    }
    try {
      await removing
    } catch (error) {
      signal.throwIfAborted()
      throw failed(unit, (error as Error).message)
    }
  }

  /** Source: public bug reports of `Bootstrap failed: 5` right after a `bootout`, which a second try mends. */
  async #bootstrap(domain: string, file: string, signal: AbortSignal): Promise<CallResult> {
    let result: CallResult = { code: null, stdout: '', stderr: '' }
    const isDecided = async (): Promise<boolean> => {
      result = await this.#launchctl.call(['bootstrap', domain, file], { signal })
      return result.code !== codes.inputOutput && result.code !== codes.alreadyInProgress
    }
    await waitUntil(isDecided, { deadlineMs: bootstrapMs, signal })
    return result
  }
}

function failed({ agent }: Unit, why: string): DroverError {
  return new DroverError('unit_failed', `The unit of ${agent.name}: ${why}`, {
    details: { agent: agent.name },
  })
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
