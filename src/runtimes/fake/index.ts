import { rm } from 'node:fs/promises'
import { DroverError } from '../../schema/error.ts'
import { abortable } from '../../util/abortable.ts'
import type {
  Found,
  Handle,
  Launch,
  Liveness,
  Probe,
  Recovery,
  RunReference,
  Runtime,
  RuntimeCapabilities,
  StopOptions,
  TerminalConnection,
  TerminalOptions,
} from '../contract.ts'
import { runFiles } from '../run-folder.ts'
import { FakeFaults, type Fault } from './faults.ts'
import { parseHandle } from './handle.ts'
import { FakeMachine } from './machine.ts'
import { isAlive, recoverFake } from './recover.ts'
import { startFake } from './start.ts'
import { stopFake } from './stop.ts'
import { moveFake } from './suspend.ts'

export { FakeFaults, type Fault } from './faults.ts'
export { FakeMachine, type FakeProcess } from './machine.ts'

/**
 * A runtime for tests: programs that live in a FakeMachine, and every failure on demand. What it
 * does right it does as the others do, by the same conformance suite.
 */
export class FakeRuntime implements Runtime {
  readonly name: string = 'fake'
  readonly capabilities: RuntimeCapabilities
  readonly machine: FakeMachine
  readonly faults: FakeFaults

  constructor(
    machine: FakeMachine = new FakeMachine(),
    faults: FakeFaults = new FakeFaults(),
    {
      hasTerminals = false,
      canSuspend = true,
    }: { hasTerminals?: boolean; canSuspend?: boolean } = {},
  ) {
    this.machine = machine
    this.faults = faults
    this.capabilities = {
      terminal: hasTerminals,
      exec: false,
      limits: false,
      snapshot: canSuspend,
      networkPolicy: false,
      elsewhere: false,
      selfSupervised: false,
    }
  }

  async probe(): Promise<Probe> {
    return { usable: true, detail: 'programs made up for tests', hint: null }
  }

  async start(launch: Launch, signal: AbortSignal): Promise<Handle> {
    return await startFake(launch, { machine: this.machine, faults: this.faults, signal })
  }

  async recover(run: RunReference, handle: Handle | null, signal?: AbortSignal): Promise<Recovery> {
    await this.#hang('recover-hangs', signal)
    if (this.faults.take('recover-unknown')) {
      return { state: 'unknown', cause: 'the fake runtime was told not to know' }
    }
    return recoverFake(this.machine, run, handle && parseHandle(handle))
  }

  async inspect(handle: Handle, signal?: AbortSignal): Promise<Liveness> {
    await this.#hang('inspect-hangs', signal)
    if (this.faults.take('inspect-unknown')) {
      return 'unknown'
    }
    return isAlive(this.machine, parseHandle(handle)) ? 'alive' : 'dead'
  }

  notifyInput(run: RunReference): void {
    this.machine.feed(run.id)
  }

  closeInput(run: RunReference): void {
    this.machine.endInput(run.id)
  }

  async suspend(run: RunReference, handle: Handle, signal: AbortSignal): Promise<Handle> {
    const call = { machine: this.machine, faults: this.faults, signal }
    return await moveFake('suspend', run, parseHandle(handle), call)
  }

  async resume(run: RunReference, handle: Handle, signal: AbortSignal): Promise<Handle> {
    const call = { machine: this.machine, faults: this.faults, signal }
    return await moveFake('resume', run, parseHandle(handle), call)
  }

  async stop(run: RunReference, handle: Handle, { askMs, signal }: StopOptions): Promise<void> {
    await stopFake(run, parseHandle(handle), {
      machine: this.machine,
      faults: this.faults,
      signal,
      askMs,
    })
  }

  async destroy(run: RunReference, _handle?: Handle | null, signal?: AbortSignal): Promise<void> {
    await this.#hang('destroy-hangs', signal)
    if (this.faults.take('destroy-throws')) {
      throw new DroverError('stop_failed', 'The fake runtime was told that a destroy throws.')
    }
    this.machine.signal(run.id, 'SIGKILL')
    await rm(runFiles(run.folder).bell, { force: true })
  }

  async openTerminal(
    run: RunReference,
    _handle: Handle,
    options: TerminalOptions,
  ): Promise<TerminalConnection> {
    const terminal = this.machine.terminalOf(run.id)
    if (!terminal) {
      throw new DroverError('terminal_gone', 'The fake program is gone.')
    }
    return terminal.open(options)
  }

  async list(instance: string, signal?: AbortSignal): Promise<Found[]> {
    await this.#hang('list-hangs', signal)
    if (this.faults.take('list-throws')) {
      throw new DroverError('runtime_unavailable', 'The fake runtime was told that a list throws.')
    }
    return this.machine.processes
      .filter(({ launch }) => launch.run.instance === instance)
      .map(({ launch, pid, name }) => ({
        run: launch.run.id,
        what: `fake process ${pid} (${name})`,
      }))
  }

  async #hang(fault: Fault, signal?: AbortSignal): Promise<void> {
    if (this.faults.take(fault)) {
      await abortable(new Promise<never>(() => undefined), signal ?? new AbortController().signal)
    }
  }
}
