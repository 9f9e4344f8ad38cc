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
  TerminalConnection,
  TerminalOptions,
  Work,
} from '../contract.ts'
import { hasLimits } from '../../schema/agent-limits.ts'
import { DroverError } from '../../schema/error.ts'
import { findInstanceProcesses } from '../holder/marks.ts'
import { measureWork } from '../holder/measure-work.ts'
import { ringBell, ringEnd, ringFor } from '../holder/ring-bell.ts'
import { stopRun } from '../holder/stop.ts'
import { applyLimits, checkLimits } from '../limits/apply-limits.ts'
import { explainExit } from '../limits/explain-exit.ts'
import { findGroups } from '../limits/find-groups.ts'
import { emptyOwnGroup, releaseLimits } from '../limits/release-limits.ts'
import { isProcessAlive } from '../../util/process-identity.ts'
import { attachCommand, TerminalView } from '../terminal/terminal-view.ts'
import { parseHandle } from './handle.ts'
import { probeTmux } from './probe.ts'
import { readScreen } from './read-screen.ts'
import { inspectTerminal, recoverStored, recoverUnstored } from './recover.ts'
import { TmuxServer } from './server.ts'
import { startAtTerminal, startPiped } from './start.ts'
import { destroyRun, stopAtTerminal } from './stop.ts'

export interface TmuxOptions {
  /** Where the home's own tmux server listens; no address of a socket is longer than some 100 bytes. */
  socket: string
  /** Told when a run's group is there and nothing is in it yet: where a crash test may end the daemon. */
  onGroupMade?: () => void
}

/**
 * Programs at terminals of a tmux server of the home's own. A program without a terminal is a plain
 * process under a holder: tmux has nothing to give to it, and could only take it along when it ends.
 */
export class TmuxRuntime implements Runtime {
  readonly name = 'tmux'
  readonly capabilities = {
    terminal: true,
    exec: false,
    limits: true,
    snapshot: false,
    networkPolicy: false,
    elsewhere: false,
    selfSupervised: false,
  }

  readonly #server: TmuxServer
  readonly #onGroupMade: () => void

  constructor({ socket, onGroupMade = () => undefined }: TmuxOptions) {
    this.#server = new TmuxServer(socket)
    this.#onGroupMade = onGroupMade
  }

  async probe(signal: AbortSignal): Promise<Probe> {
    return await probeTmux(this.#server.program, signal)
  }

  async checkLimits(
    launch: Pick<Launch, 'limits' | 'reservedBytes'>,
  ): Promise<LimitRefusal | null> {
    return await checkLimits(launch)
  }

  async start(launch: Launch, signal: AbortSignal): Promise<Handle> {
    const { terminal, limits } = launch
    const argv =
      limits && hasLimits(limits)
        ? await applyLimits(launch, { onGroupMade: this.#onGroupMade, signal })
        : launch.argv
    return terminal
      ? await startAtTerminal(this.#server, { ...launch, argv, terminal }, signal)
      : await startPiped({ ...launch, argv })
  }

  async recover(run: RunReference, handle: Handle | null, signal: AbortSignal): Promise<Recovery> {
    return handle
      ? await recoverStored(this.#server, { run, handle: parseHandle(handle) }, signal)
      : await recoverUnstored(this.#server, run, signal)
  }

  async inspect(handle: Handle, signal: AbortSignal): Promise<Liveness> {
    const parsed = parseHandle(handle)
    if (parsed.session !== null) {
      return await inspectTerminal(this.#server, parsed, signal)
    }
    return (await isProcessAlive(parsed)) ? 'alive' : 'dead'
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
    const parsed = parseHandle(handle)
    if (options.askMs > 0) {
      ringEnd(run)
    }
    await (parsed.session === null
      ? stopRun(run, parsed, options)
      : stopAtTerminal(run, parsed, options))
    await emptyOwnGroup(run, options.signal)
  }

  async destroy(run: RunReference, handle: Handle | null, signal: AbortSignal): Promise<void> {
    await destroyRun(this.#server, { run, handle: handle && parseHandle(handle) }, signal)
    await releaseLimits(run, handle, signal)
  }

  explainExit(run: RunReference, exit: Exit): string | null {
    return explainExit(run, exit)
  }

  async openTerminal(
    run: RunReference,
    handle: Handle,
    options: TerminalOptions,
  ): Promise<TerminalConnection> {
    needTerminal(handle)
    const line = this.#server.openLine([attachCommand(run, options)])
    return await TerminalView.open(line, run, options)
  }

  async readScreen(run: RunReference, handle: Handle, signal: AbortSignal): Promise<string> {
    needTerminal(handle)
    return await readScreen(this.#server, run, signal)
  }

  async list(instance: string, signal: AbortSignal): Promise<Found[]> {
    const processes = await findInstanceProcesses(instance)
    const groups = await findGroups(instance)
    const sessions = await this.#server.listSessions(signal)
    return [
      ...processes.map(({ run, pid, command }) => ({ run, what: `process ${pid} (${command})` })),
      ...groups.map(({ run, folder }) => ({ run, what: `cgroup ${folder}` })),
      ...sessions
        .filter((session) => session.instance === instance)
        .map(({ name }) => ({ run: name, what: `tmux session ${name}` })),
    ]
  }
}

/** Errors: `no_terminal` for a program that has pipes. */
function needTerminal(handle: Handle): void {
  if (parseHandle(handle).session === null) {
    throw new DroverError('no_terminal', 'It has pipes, and no terminal.')
  }
}
