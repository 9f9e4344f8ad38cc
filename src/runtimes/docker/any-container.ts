import { DroverError } from '../../schema/error.ts'
import type { AgentReference, BoxKind } from '../box.ts'
import type {
  Exit,
  Found,
  Handle,
  Launch,
  LimitedLaunch,
  LimitRefusal,
  Liveness,
  Recovery,
  RunReference,
  Runtime,
  StopOptions,
  TerminalConnection,
  TerminalOptions,
  Use,
  Work,
} from '../contract.ts'
import { DockerRuntime, type DockerOptions } from './index.ts'
import { isInside } from './inside/handle.ts'
import { InsideContainers } from './inside/inside-containers.ts'
import { readPlace } from './inside/notes.ts'
import { refuseForeign } from './limits.ts'

/** Programs in containers of the agents' own, and in those that are there already: which, is told by the wish and by the handle. */
export class AnyContainerRuntime extends DockerRuntime implements Runtime {
  readonly #inside: InsideContainers

  constructor(options: DockerOptions) {
    super(options)
    const { usedFile, onMade = () => undefined } = options
    this.#inside = new InsideContainers({ link: this.link, usedFile, onMade })
  }

  override async checkLimits(
    launch: LimitedLaunch,
    signal: AbortSignal,
  ): Promise<LimitRefusal | null> {
    return launch.box?.container.name === undefined
      ? await super.checkLimits(launch, signal)
      : refuseForeign(launch.limits ?? {})
  }

  async locate(
    box: BoxKind,
    folders: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    return box.container.name === undefined
      ? folders
      : await this.#inside.locate(box, folders, signal)
  }

  override async start(
    launch: Launch,
    signal: AbortSignal,
    tell?: (text: string) => void,
  ): Promise<Handle> {
    const { box } = launch
    return box?.container.name === undefined
      ? await super.start(launch, signal, tell)
      : await this.#inside.start({ ...launch, box }, signal)
  }

  override async recover(
    run: RunReference,
    handle: Handle | null,
    signal: AbortSignal,
  ): Promise<Recovery> {
    return isForeign(run, handle)
      ? await this.#inside.recover(run, handle, signal)
      : await super.recover(run, handle, signal)
  }

  override async inspect(handle: Handle, signal: AbortSignal): Promise<Liveness> {
    return isInside(handle)
      ? await this.#inside.inspect(handle, signal)
      : await super.inspect(handle, signal)
  }

  override async measureWork(
    run: RunReference,
    handle: Handle,
    signal: AbortSignal,
  ): Promise<Work | null> {
    return isInside(handle) ? null : await super.measureWork(run, handle, signal)
  }

  /** What the others in it use can't be told apart. */
  override async measureUse(handle: Handle, signal: AbortSignal): Promise<Use | null> {
    return isInside(handle) ? null : await super.measureUse(handle, signal)
  }

  override notifyInput(run: RunReference, bytes: number): void {
    if (!this.#inside.notifyInput(run)) {
      super.notifyInput(run, bytes)
    }
  }

  override closeInput(run: RunReference): void {
    super.closeInput(run)
    this.#inside.closeInput(run)
  }

  override async suspend(run: RunReference, handle: Handle, signal: AbortSignal): Promise<Handle> {
    if (isInside(handle)) {
      throw new DroverError(
        'suspend_failed',
        'All else that is in its container would be suspended with it.',
      )
    }
    return await super.suspend(run, handle, signal)
  }

  override async resume(run: RunReference, handle: Handle, signal: AbortSignal): Promise<Handle> {
    return isInside(handle) ? handle : await super.resume(run, handle, signal)
  }

  override async stop(run: RunReference, handle: Handle, options: StopOptions): Promise<void> {
    await (isInside(handle)
      ? this.#inside.stop(run, handle, options)
      : super.stop(run, handle, options))
  }

  override async destroy(
    run: RunReference,
    handle: Handle | null,
    signal: AbortSignal,
  ): Promise<void> {
    await (isForeign(run, handle)
      ? this.#inside.destroy(run, handle, signal)
      : super.destroy(run, handle, signal))
  }

  override async openTerminal(
    run: RunReference,
    handle: Handle,
    options: TerminalOptions,
  ): Promise<TerminalConnection> {
    refuseInside(handle, 'has no terminal')
    return await super.openTerminal(run, handle, options)
  }

  override async readScreen(
    run: RunReference,
    handle: Handle,
    signal: AbortSignal,
  ): Promise<string> {
    refuseInside(handle, 'has no terminal')
    return await super.readScreen(run, handle, signal)
  }

  override explainExit(run: RunReference, exit: Exit): string | null {
    return this.#inside.explainExit(run, exit) ?? super.explainExit(run, exit)
  }

  override async list(instance: string, signal: AbortSignal): Promise<Found[]> {
    const own = await super.list(instance, signal)
    return [...own, ...(await this.#inside.list(instance, signal))]
  }

  override async forget(agent: AgentReference, signal: AbortSignal): Promise<void> {
    await this.#inside.forget(agent, signal)
    await super.forget(agent, signal)
  }

  override close(): void {
    this.#inside.close()
    super.close()
  }
}

function isForeign(run: RunReference, handle: Handle | null): boolean {
  return handle ? isInside(handle) : readPlace(run) !== null
}

/** Errors: `unsupported`. */
function refuseInside(handle: Handle, problem: string): void {
  if (isInside(handle)) {
    throw new DroverError(
      'unsupported',
      `container.name: a program in a container that is there already ${problem}.`,
      { details: { field: 'container.name' } },
    )
  }
}
