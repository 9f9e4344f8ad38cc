import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { isProcessAlive } from '../../util/process-identity.ts'
import { waitUntil } from '../../util/wait.ts'
import type {
  Found,
  Launch,
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
import { parseHandle } from './handle.ts'
import { measureWork } from './measure-work.ts'
import { findInstanceProcesses, findRunProcesses } from './marks.ts'
import { recoverKnown, recoverUnknown } from './recover.ts'
import { ringFor, startHolder } from './start.ts'
import { SpareShells } from './spare-shells.ts'
import { killLeftovers, stopRun } from './stop.ts'

/** Programs as plain processes of this machine, each under a holder in a session of its own. */
export class ProcessRuntime implements Runtime {
  readonly name = 'process'
  readonly capabilities = {
    terminal: false,
    exec: false,
    limits: false,
    snapshot: false,
    networkPolicy: false,
    selfSupervised: false,
  }

  /** Shells that wait to hold a program; the first start makes the first ones. */
  readonly spares: SpareShells

  constructor({ spares = 2 }: { spares?: number } = {}) {
    this.spares = new SpareShells(spares)
  }

  async probe(): Promise<Probe> {
    return process.platform === 'linux' || process.platform === 'darwin'
      ? { usable: true, detail: 'processes of this user, no isolation', hint: null }
      : { usable: false, detail: `not on ${process.platform}`, hint: 'Use Linux, macOS, or WSL 2.' }
  }

  async start(launch: Launch): Promise<Handle> {
    return await startHolder(launch, this.spares)
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
    ring(run, ringFor(bytes))
  }

  closeInput(run: RunReference): void {
    // The file first: a ring is lost on a holder that has no bell yet, but it will look.
    try {
      closeSync(openSync(runFiles(run.folder).end, 'a', 0o600))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        throw error
      }
    }
    ring(run, 'q')
  }

  async stop(run: RunReference, handle: Handle, options: StopOptions): Promise<void> {
    if (options.askMs > 0) {
      this.closeInput(run)
    }
    await stopRun(run, parseHandle(handle), options)
  }

  async destroy(run: RunReference, handle: Handle | null, signal: AbortSignal): Promise<void> {
    // The holder records the ending and goes; one that does not is killed with the rest.
    await killLeftovers(run, { isSparingHolder: true, signal })
    const isGone = handle
      ? async (): Promise<boolean> => !(await isProcessAlive(parseHandle(handle)))
      : async (): Promise<boolean> => (await findRunProcesses(run)).length === 0
    await waitUntil(isGone, { deadlineMs: 1000, signal })
    await killLeftovers(run, { isSparingHolder: false, signal })
    const { bell, end, stop } = runFiles(run.folder)
    await rm(bell, { force: true })
    await rm(stop, { force: true })
    await rm(end, { force: true })
  }

  async list(instance: string): Promise<Found[]> {
    const processes = await findInstanceProcesses(instance)
    return processes.map(({ run, pid, command }) => ({ run, what: `process ${pid} (${command})` }))
  }
}

/**
 * Wakes the holder's feeder. Without a bell it has not looked at the input yet, and will; with a
 * full one it is awake anyway; one that goes away meanwhile needs no ring.
 */
function ring(run: RunReference, word: 'r' | 'c' | 'q'): void {
  try {
    const bell = openSync(runFiles(run.folder).bell, constants.O_WRONLY | constants.O_NONBLOCK)
    try {
      writeSync(bell, `${word}\n`)
    } finally {
      closeSync(bell)
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENXIO' && code !== 'EPIPE' && code !== 'EAGAIN') {
      throw error
    }
  }
}
