import { ProcessRuntime } from '../../src/runtimes/process/index.ts'
import type { Handle, Recovery, RunReference, StopOptions } from '../../src/runtimes/contract.ts'
import { DroverError } from '../../src/schema/error.ts'
import {
  findMarkedProcesses,
  readProcessStat,
  sendSignal,
} from '../../src/util/process-identity.ts'

/** Programs of this machine whose runs can rest: all processes of one are stopped, and go on. They outlive daemons. */
export class PausingRuntime extends ProcessRuntime {
  override readonly capabilities = { ...new ProcessRuntime().capabilities, snapshot: true }

  async suspend(run: RunReference, handle: Handle, signal: AbortSignal): Promise<Handle> {
    await this.#signal(run, handle, { signal, isResting: true })
    return handle
  }

  async resume(run: RunReference, handle: Handle, signal: AbortSignal): Promise<Handle> {
    await this.#signal(run, handle, { signal, isResting: false })
    return handle
  }

  override async recover(
    run: RunReference,
    handle: Handle | null,
    signal: AbortSignal,
  ): Promise<Recovery> {
    const found = await super.recover(run, handle, signal)
    return found.state === 'running' && isStopped(Number(found.handle['pid']))
      ? { ...found, state: 'suspended' }
      : found
  }

  /** What can't hear a TERM is told to go on first. */
  override async stop(run: RunReference, handle: Handle, options: StopOptions): Promise<void> {
    if ((await this.inspect(handle)) === 'alive') {
      await this.resume(run, handle, options.signal)
    }
    await super.stop(run, handle, options)
  }

  async #signal(
    run: RunReference,
    handle: Handle,
    { signal, isResting }: { signal: AbortSignal; isResting: boolean },
  ): Promise<void> {
    if ((await this.inspect(handle)) !== 'alive') {
      const way = isResting ? 'suspend' : 'resume'
      throw new DroverError(`${way}_failed`, 'Its process is gone.')
    }
    // A child may have come meanwhile.
    for (;;) {
      signal.throwIfAborted()
      const marked = await findMarkedProcesses(`DROVER_RUN=${run.id}`)
      const pids = [...new Set([...marked.map(({ pid }) => pid), Number(handle['pid'])])]
      const others = pids.filter((pid) => readProcessStat(pid) && isStopped(pid) !== isResting)
      if (others.length === 0) {
        return
      }
      others.forEach((pid) => sendSignal(pid, isResting ? 'SIGSTOP' : 'SIGCONT'))
    }
  }
}

function isStopped(pid: number): boolean {
  return readProcessStat(pid)?.state === 'T'
}
