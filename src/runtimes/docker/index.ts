import { existsSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { DroverError } from '../../schema/error.ts'
import type {
  AgentReference,
  BoxKind,
  Exit,
  Found,
  Handle,
  Kept,
  Launch,
  LimitedLaunch,
  LimitRefusal,
  Liveness,
  Probe,
  Recovery,
  RunReference,
  Runtime,
  StopOptions,
} from '../contract.ts'
import { ringBell, ringEnd, ringFor } from '../holder/ring-bell.ts'
import { claimRun } from '../holder/recover.ts'
import { runFiles } from '../run-folder.ts'
import { killsFile, launchFile, linkedRun, oomFile } from './box-files.ts'
import { livenessOf } from './container-watch.ts'
import { EngineLink } from './engine-link.ts'
import { explainExit } from './explain-exit.ts'
import { InsideContainers } from './inside/inside-containers.ts'
import { isInside } from './inside/handle.ts'
import { readPlace } from './inside/notes.ts'
import { handleOf, parseHandle, type DockerHandle } from './handle.ts'
import { labels } from './plan-container.ts'
import { probeDocker } from './probe.ts'
import { recoverKnown, recoverUnknown } from './recover.ts'
import { refuseForeign, refuseLimit } from './limits.ts'
import { findContainer, isOurs } from './own-container.ts'
import { startInOwnContainer } from './start.ts'
import { killContainer, stopContainer } from './stop.ts'

export interface DockerOptions {
  /** Where the engine is looked for: `DOCKER_HOST` and its like. */
  env: Readonly<Record<string, string | undefined>>
  /** Made before the first thing is made in an engine; without it there is nothing to look for, and no engine is asked. */
  usedFile: string
  /** Told when a container is there and does not run yet: where a crash test may end the daemon. */
  onMade?: () => void
}

/** How long a container whose run is over may take to end by itself, ms. */
const lastBreathMs = 1000

/** Programs in containers, one for each agent, kept over its runs. */
export class DockerRuntime implements Runtime {
  readonly name = 'docker'
  readonly capabilities = {
    terminal: false,
    exec: false,
    limits: true,
    snapshot: false,
    networkPolicy: false,
    elsewhere: true,
    selfSupervised: false,
  }

  readonly #link: EngineLink
  /** Runs in containers of somebody's. */
  readonly #inside: InsideContainers
  readonly #usedFile: string
  readonly #onMade: () => void
  /** Of runs that live, or whose ending is not told yet. */
  readonly #handles = new Map<string, DockerHandle>()

  constructor({ env, usedFile, onMade = () => undefined }: DockerOptions) {
    this.#link = new EngineLink(env)
    this.#inside = new InsideContainers({ link: this.#link, usedFile, onMade })
    this.#usedFile = usedFile
    this.#onMade = onMade
  }

  async probe(signal: AbortSignal): Promise<Probe> {
    return await probeDocker(this.#link, signal)
  }

  async checkLimits(
    { limits = {}, box }: LimitedLaunch,
    signal: AbortSignal,
  ): Promise<LimitRefusal | null> {
    if (box?.container.name !== undefined) {
      return refuseForeign(limits)
    }
    return refuseLimit(limits, (await this.#link.engine(signal)).facts)
  }

  async start(
    launch: Launch,
    signal: AbortSignal,
    tell: (text: string) => void = () => undefined,
  ): Promise<Handle> {
    const { box } = launch
    if (!box) {
      throw new DroverError('start_failed', 'A program of docker needs a container to be in.')
    }
    const refusal = await this.checkLimits(launch, signal)
    if (refusal) {
      const { limit, reason } = refusal
      throw new DroverError('unsupported', `limits.${limit}: it can't be kept: ${reason}.`, {
        details: { field: `limits.${limit}` },
      })
    }
    if (box.container.name !== undefined) {
      return await this.#inside.start({ ...launch, box }, signal)
    }
    const tools = { link: this.#link, onFirst: () => this.#markUsed(), onMade: this.#onMade, tell }
    const handle = await startInOwnContainer(tools, { ...launch, box }, signal)
    this.#handles.set(launch.run.id, handle)
    return handle
  }

  async recover(run: RunReference, handle: Handle | null, signal: AbortSignal): Promise<Recovery> {
    if (handle ? isInside(handle) : readPlace(run)) {
      return await this.#inside.recover(run, handle, signal)
    }
    if (!handle) {
      return await recoverUnknown(this.#link, run, signal)
    }
    const own = parseHandle(handle)
    this.#handles.set(run.id, own)
    return await recoverKnown(this.#link, { run, handle: own }, signal)
  }

  async inspect(handle: Handle, signal: AbortSignal): Promise<Liveness> {
    if (isInside(handle)) {
      return await this.#inside.inspect(handle, signal)
    }
    const own = parseHandle(handle)
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

  notifyInput(run: RunReference, bytes: number): void {
    if (!this.#inside.notifyInput(run)) {
      ringBell(run, ringFor(bytes))
    }
  }

  closeInput(run: RunReference): void {
    ringEnd(run)
    this.#inside.closeInput(run)
  }

  async stop(run: RunReference, handle: Handle, options: StopOptions): Promise<void> {
    if (isInside(handle)) {
      await this.#inside.stop(run, handle, options)
      return
    }
    await stopContainer(this.#link, { run, handle: parseHandle(handle) }, options)
  }

  /** The container stays, at rest. */
  async destroy(run: RunReference, handle: Handle | null, signal: AbortSignal): Promise<void> {
    if (handle ? isInside(handle) : readPlace(run)) {
      await this.#inside.destroy(run, handle, signal)
      return
    }
    const life = handle ? parseHandle(handle) : await this.#findLife(run, signal)
    if (life && !(await this.#link.untilDead(life, { deadlineMs: lastBreathMs, signal }))) {
      await killContainer(this.#link, life, signal)
    }
    this.#handles.delete(run.id)
    const { bell, end, stop } = runFiles(run.folder)
    for (const file of [bell, stop, end, launchFile(run), killsFile(run), oomFile(run)]) {
      await rm(file, { force: true })
    }
  }

  explainExit(run: RunReference, exit: Exit): string | null {
    return (
      this.#inside.explainExit(run, exit) ??
      explainExit(exit, { run, handle: this.#handles.get(run.id), watch: this.#link.watch })
    )
  }

  /** Containers that run, by the run that each was pointed at, and processes in those of others. */
  async list(instance: string, signal: AbortSignal): Promise<Found[]> {
    const own = await this.#listContainers(instance, false, signal)
    const found = own.flatMap(({ name, folder }) => {
      const run = linkedRun({ folder })
      return run === null ? [] : [{ run: path.basename(run), what: `container ${name}` }]
    })
    return [...found, ...(await this.#inside.list(instance, signal))]
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

  async forget(agent: AgentReference, signal: AbortSignal): Promise<void> {
    if (!existsSync(this.#usedFile)) {
      return
    }
    const engine = await this.#link.engine(signal)
    const state = await findContainer(engine, agent, signal)
    if (state) {
      await engine.removeContainer(state.id, signal)
    }
    await this.#inside.forget(agent, signal)
    await rm(agent.folder, { recursive: true, force: true })
  }

  async listKept(instance: string, signal: AbortSignal): Promise<Kept[]> {
    const all = await this.#listContainers(instance, true, signal)
    return all.map(({ agent, name }) => ({ agent, what: `container ${name}` }))
  }

  close(): void {
    this.#inside.close()
    this.#link.close()
  }

  async #listContainers(
    instance: string,
    isAll: boolean,
    signal: AbortSignal,
  ): Promise<{ id: string; agent: string; folder: string; name: string }[]> {
    if (!existsSync(this.#usedFile)) {
      return []
    }
    const engine = await this.#link.engine(signal)
    const listed = await engine.listContainers([`${labels.instance}=${instance}`], signal, {
      all: isAll,
    })
    return listed.flatMap((each) => {
      const agent = each.labels[labels.agent] ?? ''
      const folder = each.labels[labels.box] ?? ''
      return isOurs(each, { id: agent, instance, folder })
        ? [{ id: each.id, name: each.name, agent, folder }]
        : []
    })
  }

  /** The life of a run whose handle was never stored; null where there is none. */
  async #findLife(run: RunReference, signal: AbortSignal): Promise<DockerHandle | null> {
    claimRun(run)
    const all = await this.#listContainers(run.instance, false, signal)
    const found = all.find(({ folder }) => linkedRun({ folder }) === run.folder)
    return found ? handleOf(await this.#link.inspect(found.id, signal)) : null
  }

  #markUsed(): void {
    if (!existsSync(this.#usedFile)) {
      writeFileSync(this.#usedFile, '', { mode: 0o600 })
    }
  }
}
