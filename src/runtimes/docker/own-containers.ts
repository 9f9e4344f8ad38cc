import { rm } from 'node:fs/promises'
import path from 'node:path'
import { DroverError } from '../../schema/error.ts'
import type { AgentReference, Kept } from '../box.ts'
import type {
  Exit,
  Found,
  Handle,
  Launch,
  LimitRefusal,
  Liveness,
  Recovery,
  RunReference,
  StopOptions,
  Use,
  Work,
  TerminalConnection,
  TerminalOptions,
} from '../contract.ts'
import { ringBell, ringEnd, ringFor } from '../holder/ring-bell.ts'
import { claimRun } from '../holder/recover.ts'
import { killLeftovers } from '../holder/stop.ts'
import { readExit, runFiles } from '../run-folder.ts'
import { endedFile, recordEnding } from '../terminal/terminal-files.ts'
import { killsFile, launchFile, linkedRun, oomFile } from './box-files.ts'
import { livenessOf } from './container-watch.ts'
import type { EngineLink } from './engine-link.ts'
import { explainExit } from './explain-exit.ts'
import { findGuest } from './guests/guest-files.ts'
import { listGuests, recoverGuest, releaseGuest, startGuest, stopGuest } from './guests/guests.ts'
import { handleOf, parseHandle, type DockerHandle } from './handle.ts'
import { measureUse, measureWork } from './measure.ts'
import { recoverKnown, recoverUnknown } from './recover.ts'
import { needLimits, refuseLimit } from './limits.ts'
import { findContainer, listOwnContainers, type OwnContainer } from './find-container.ts'
import { startInOwnContainer } from './start.ts'
import { killContainer, stopContainer } from './stop.ts'
import { resumeContainer, suspendContainer } from './suspend.ts'
import { openTerminal, readScreen } from './terminal/terminals.ts'
import type { UsedMark } from './used-mark.ts'
import type { Walls } from './walls/walls.ts'

export interface OwnContainersOptions {
  link: EngineLink
  walls: Walls
  used: UsedMark
  /** Told when a container is there and does not run yet: where a crash test may end the daemon. */
  onMade: () => void
}

/** How long a container whose run is over may take to end by itself, ms. */
const lastBreathMs = 1000

/** Runs in containers that are made for agents, one each, and kept over their runs; and guests in them. */
export class OwnContainers {
  readonly #link: EngineLink
  readonly #walls: Walls
  readonly #used: UsedMark
  readonly #onMade: () => void
  /** Of runs that live, or whose ending is not told yet. */
  readonly #handles = new Map<string, DockerHandle>()

  constructor({ link, walls, used, onMade }: OwnContainersOptions) {
    this.#link = link
    this.#walls = walls
    this.#used = used
    this.#onMade = onMade
  }

  async checkLimits(
    { limits = {} }: Pick<Launch, 'limits' | 'reservedBytes'>,
    signal: AbortSignal,
  ): Promise<LimitRefusal | null> {
    return refuseLimit(limits, (await this.#link.engine(signal)).facts)
  }

  async start(launch: Launch, signal: AbortSignal, tell: (text: string) => void): Promise<Handle> {
    const { box, beside, terminal } = launch
    if (beside && terminal) {
      const life = parseHandle(beside.handle)
      return await startGuest(this.#link, { ...launch, beside, terminal }, life, signal)
    }
    if (!box) {
      throw new DroverError('start_failed', 'A program of docker needs a container to be in.')
    }
    needLimits(await this.checkLimits(launch, signal))
    const tools = {
      link: this.#link,
      walls: this.#walls,
      onFirst: () => this.#used.make(),
      onMade: this.#onMade,
      tell,
    }
    const handle = await startInOwnContainer(tools, { ...launch, box }, signal)
    this.#handles.set(launch.run.id, handle)
    return handle
  }

  async recover(run: RunReference, handle: Handle | null, signal: AbortSignal): Promise<Recovery> {
    if (findGuest(run) !== null) {
      return await recoverGuest(this.#link, { run, handle: handle && parseHandle(handle) }, signal)
    }
    if (!handle) {
      return await recoverUnknown(this.#link, run, signal)
    }
    const own = parseHandle(handle)
    this.#handles.set(run.id, own)
    return await recoverKnown(this.#link, { run, handle: own }, signal)
  }

  async inspect(handle: Handle, signal: AbortSignal): Promise<Liveness> {
    const own = parseHandle(handle)
    if (own.guest !== undefined && readExit(own.guest) !== null) {
      return 'dead'
    }
    const known = this.#link.watch.liveness(own)
    if (known) {
      return known
    }
    try {
      return livenessOf(await this.#link.life(own.container, signal), own)
    } catch {
      return 'unknown'
    }
  }

  async measureWork(_: RunReference, handle: Handle, signal: AbortSignal): Promise<Work | null> {
    return await measureWork(this.#link, parseHandle(handle), signal)
  }

  async measureUse(handle: Handle, signal: AbortSignal): Promise<Use | null> {
    return await measureUse(this.#link, parseHandle(handle), signal)
  }

  notifyInput(run: RunReference, bytes: number): void {
    ringBell(run, ringFor(bytes))
  }

  closeInput(run: RunReference): void {
    ringEnd(run)
  }

  async suspend(_: RunReference, handle: Handle, signal: AbortSignal): Promise<Handle> {
    await suspendContainer(this.#link, parseHandle(handle), signal)
    return handle
  }

  async resume(_: RunReference, handle: Handle, signal: AbortSignal): Promise<Handle> {
    await resumeContainer(this.#link, parseHandle(handle), signal)
    return handle
  }

  async stop(run: RunReference, handle: Handle, options: StopOptions): Promise<void> {
    const own = parseHandle(handle)
    if (own.guest !== undefined) {
      return await stopGuest(this.#link, { run, handle: own }, options)
    }
    await stopContainer(this.#link, { run, handle: own }, options)
    recordEnding(run.folder)
  }

  /** The container stays, at rest. */
  async destroy(run: RunReference, handle: Handle | null, signal: AbortSignal): Promise<void> {
    const guest = handle ? parseHandle(handle).guest : findGuest(run)
    if (guest) {
      return await releaseGuest(this.#link, { run, handle: handle && parseHandle(handle) }, signal)
    }
    const life = handle ? parseHandle(handle) : await this.#findLife(run, signal)
    if (life && !(await this.#link.untilDead(life, { deadlineMs: lastBreathMs, signal }))) {
      await killContainer(this.#link, life, signal)
    }
    if (!life) {
      // An engine that was killed in a start can know nothing of a program that goes on all the same.
      await killLeftovers(run, { isSparingHolder: false, signal })
    }
    recordEnding(run.folder)
    this.#handles.delete(run.id)
    const { bell, end, stop, answers } = runFiles(run.folder)
    const own = [launchFile, killsFile, oomFile].map((fileOf) => fileOf(run))
    for (const file of [bell, stop, end, answers, endedFile(run.folder), ...own]) {
      await rm(file, { force: true, recursive: true })
    }
  }

  async openTerminal(
    run: RunReference,
    handle: Handle,
    options: TerminalOptions,
  ): Promise<TerminalConnection> {
    return await openTerminal(this.#link, { run, handle: parseHandle(handle) }, options)
  }

  async readScreen(run: RunReference, handle: Handle, signal: AbortSignal): Promise<string> {
    return await readScreen(this.#link, { run, handle: parseHandle(handle) }, signal)
  }

  explainExit(run: RunReference, exit: Exit): string | null {
    return explainExit(exit, { run, handle: this.#handles.get(run.id), watch: this.#link.watch })
  }

  /** Containers that run, by the run that each was pointed at. */
  async list(instance: string, signal: AbortSignal): Promise<Found[]> {
    const found: Found[] = []
    for (const { name, folder } of await this.#listContainers(instance, false, signal)) {
      const run = linkedRun({ folder })
      const guests = await listGuests(folder)
      found.push(
        ...(run === null ? [] : [{ run: path.basename(run), what: `container ${name}` }]),
        ...guests.map((id) => ({ run: id, what: `terminal ${id} in container ${name}` })),
      )
    }
    return found
  }

  async forget(agent: AgentReference, signal: AbortSignal): Promise<void> {
    if (!this.#used.isThere) {
      return
    }
    const engine = await this.#link.engine(signal)
    const state = await findContainer(engine, agent, signal)
    if (state) {
      await engine.removeContainer(state.id, signal)
    }
    await this.#walls.lower(agent.instance, signal)
    await rm(agent.folder, { recursive: true, force: true })
  }

  async listKept(instance: string, signal: AbortSignal): Promise<Kept[]> {
    const all = await this.#listContainers(instance, true, signal)
    return all.map(({ agent, name }) => ({ agent, what: `container ${name}` }))
  }

  async #listContainers(
    instance: string,
    isAll: boolean,
    signal: AbortSignal,
  ): Promise<OwnContainer[]> {
    return this.#used.isThere
      ? await listOwnContainers(await this.#link.engine(signal), { instance, isAll }, signal)
      : []
  }

  /** The life of a run whose handle was never stored; null where there is none. */
  async #findLife(run: RunReference, signal: AbortSignal): Promise<DockerHandle | null> {
    claimRun(run)
    const all = await this.#listContainers(run.instance, false, signal)
    const found = all.find(({ folder }) => linkedRun({ folder }) === run.folder)
    return found ? handleOf(await this.#link.inspect(found.id, signal)) : null
  }
}
