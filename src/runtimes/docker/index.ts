import { DroverError } from '../../schema/error.ts'
import type { AgentReference, BoxKind, Kept } from '../box.ts'
import type { BoxImages } from '../box-images.ts'
import type {
  Exit,
  Found,
  Handle,
  Launch,
  LimitedLaunch,
  LimitRefusal,
  Liveness,
  Probe,
  Recovery,
  RunReference,
  Runtime,
  StopOptions,
  TerminalConnection,
  TerminalOptions,
  Use,
  Work,
} from '../contract.ts'
import { DockerBoxAccess } from './box/box-access.ts'
import { EngineLink } from './engine-link.ts'
import { ImageShelf } from './images/image-shelf.ts'
import { isInside } from './inside/handle.ts'
import { InsideContainers } from './inside/inside-containers.ts'
import { readPlace } from './inside/notes.ts'
import { refuseForeign } from './limits.ts'
import { OwnContainers } from './own-containers.ts'
import { containerName } from './plan-container.ts'
import { probeDocker } from './probe.ts'
import { UsedMark } from './used-mark.ts'
import { Walls, type WallStep } from './walls/walls.ts'

export interface DockerOptions {
  /** Where the engine is looked for: `DOCKER_HOST` and its like. */
  env: Readonly<Record<string, string | undefined>>
  /** Made before the first thing is made in an engine; without it there is nothing to look for, and no engine is asked. */
  usedFile: string
  /** Told when a container is there and does not run yet: where a crash test may end the daemon. */
  onMade?: () => void
  /** Where rules of the firewall are written down that only an administrator may set. */
  rulesFile?: string
  /** Told how far the network of walled agents is: where a crash test may end the daemon. */
  onWallStep?: (step: WallStep) => void
}

/**
 * Programs in containers: in agents' own, and in those that are there already. Which of the two, is
 * told by the wish before a run has begun, by its handle or its folder's note later.
 */
export class DockerRuntime implements Runtime {
  readonly name = 'docker'
  readonly capabilities = {
    terminal: true,
    exec: true,
    limits: true,
    snapshot: true,
    networkPolicy: true,
    elsewhere: true,
    selfSupervised: false,
  }

  readonly images: BoxImages
  readonly boxes: DockerBoxAccess
  readonly networks: Walls
  readonly #link: EngineLink
  readonly #own: OwnContainers
  readonly #inside: InsideContainers

  constructor(options: DockerOptions) {
    const { env, usedFile, onMade = () => undefined } = options
    const { rulesFile = `${usedFile}.nft`, onWallStep: onStep = () => undefined } = options
    const link = new EngineLink(env)
    const used = new UsedMark(usedFile)
    this.#link = link
    this.images = new ImageShelf(link)
    this.boxes = new DockerBoxAccess(link)
    this.networks = new Walls({ link, env, used, rulesFile, onStep })
    this.#own = new OwnContainers({ link, walls: this.networks, used, onMade })
    this.#inside = new InsideContainers({ link, usedFile, onMade })
  }

  async probe(signal: AbortSignal): Promise<Probe> {
    return await probeDocker(this.#link, this.networks, signal)
  }

  nameBox(agentId: string): string {
    return containerName(agentId)
  }

  async checkLimits(launch: LimitedLaunch, signal: AbortSignal): Promise<LimitRefusal | null> {
    return launch.box?.container.name === undefined
      ? await this.#own.checkLimits(launch, signal)
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

  async start(
    launch: Launch,
    signal: AbortSignal,
    tell: (text: string) => void = () => undefined,
  ): Promise<Handle> {
    const { box, beside } = launch
    if (beside) {
      needOwn(beside.handle)
    }
    return box?.container.name === undefined
      ? await this.#own.start(launch, signal, tell)
      : await this.#inside.start({ ...launch, box }, signal)
  }

  async recover(run: RunReference, handle: Handle | null, signal: AbortSignal): Promise<Recovery> {
    return await this.#whose(run, handle).recover(run, handle, signal)
  }

  async inspect(handle: Handle, signal: AbortSignal): Promise<Liveness> {
    return await (isInside(handle) ? this.#inside : this.#own).inspect(handle, signal)
  }

  async measureWork(run: RunReference, handle: Handle, signal: AbortSignal): Promise<Work | null> {
    return isInside(handle) ? null : await this.#own.measureWork(run, handle, signal)
  }

  /** What the others in it use can't be told apart. */
  async measureUse(handle: Handle, signal: AbortSignal): Promise<Use | null> {
    return isInside(handle) ? null : await this.#own.measureUse(handle, signal)
  }

  notifyInput(run: RunReference, bytes: number): void {
    if (!this.#inside.notifyInput(run)) {
      this.#own.notifyInput(run, bytes)
    }
  }

  /** A courier takes it from the same file as a holder. */
  closeInput(run: RunReference): void {
    this.#own.closeInput(run)
    this.#inside.closeInput(run)
  }

  async suspend(run: RunReference, handle: Handle, signal: AbortSignal): Promise<Handle> {
    if (isInside(handle)) {
      throw new DroverError(
        'suspend_failed',
        'All else that is in its container would be suspended with it.',
      )
    }
    return await this.#own.suspend(run, handle, signal)
  }

  async resume(run: RunReference, handle: Handle, signal: AbortSignal): Promise<Handle> {
    return isInside(handle) ? handle : await this.#own.resume(run, handle, signal)
  }

  async stop(run: RunReference, handle: Handle, options: StopOptions): Promise<void> {
    await this.#whose(run, handle).stop(run, handle, options)
  }

  async destroy(run: RunReference, handle: Handle | null, signal: AbortSignal): Promise<void> {
    await this.#whose(run, handle).destroy(run, handle, signal)
  }

  async openTerminal(
    run: RunReference,
    handle: Handle,
    options: TerminalOptions,
  ): Promise<TerminalConnection> {
    needOwn(handle)
    return await this.#own.openTerminal(run, handle, options)
  }

  async readScreen(run: RunReference, handle: Handle, signal: AbortSignal): Promise<string> {
    needOwn(handle)
    return await this.#own.readScreen(run, handle, signal)
  }

  explainExit(run: RunReference, exit: Exit): string | null {
    return this.#inside.explainExit(run, exit) ?? this.#own.explainExit(run, exit)
  }

  async list(instance: string, signal: AbortSignal): Promise<Found[]> {
    const own = await this.#own.list(instance, signal)
    return [...own, ...(await this.#inside.list(instance, signal))]
  }

  /** The agent's folder goes with its own container, and says where else it was. */
  async forget(agent: AgentReference, signal: AbortSignal): Promise<void> {
    await this.#inside.forget(agent, signal)
    await this.#own.forget(agent, signal)
  }

  async listKept(instance: string, signal: AbortSignal): Promise<Kept[]> {
    return await this.#own.listKept(instance, signal)
  }

  close(): void {
    this.#inside.close()
    this.networks.close()
    this.#link.close()
  }

  #whose(run: RunReference, handle: Handle | null): OwnContainers | InsideContainers {
    const isForeign = handle ? isInside(handle) : readPlace(run) !== null
    return isForeign ? this.#inside : this.#own
  }
}

/** Errors: `unsupported`. */
function needOwn(handle: Handle): void {
  if (isInside(handle)) {
    throw new DroverError(
      'unsupported',
      'container.name: there are no terminals in a container that is there already.',
      { details: { field: 'container.name' } },
    )
  }
}
