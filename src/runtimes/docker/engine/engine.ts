import type { Readable } from 'node:stream'
import { getArchive, putArchive, statArchive, type ArchiveStat } from './archives.ts'
import { connectEngine, type Connection, type ConnectOptions } from './connect.ts'
import type { ContainerLimits, CreateBody } from './container-body.ts'
import type { ContainerState } from './container-state.ts'
import { Containers, type ContainerSummary } from './containers.ts'
import { followEvents, type EngineEvent, type EventFilters } from './events.ts'
import {
  inspectExec,
  startExec,
  type EngineExec,
  type ExecOptions,
  type ExecState,
} from './exec.ts'
import type { EngineFacts } from './facts.ts'
import {
  Images,
  type BuildOptions,
  type ImageState,
  type ImageSummary,
  type ImportOptions,
} from './images.ts'
import { Networks, type NetworkOptions, type NetworkState } from './networks.ts'
import type { OnProgress } from './progress.ts'
import { readStats, StatsAnswer, type ContainerStats, type StatsMark } from './stats.ts'
import type { Transport } from './transport.ts'
import { Volumes, type VolumeState } from './volumes.ts'

/**
 * A Docker or Podman engine. Nothing is kept open between calls but what was asked for, so an engine
 * that is started again is the same `Engine`. Every call has a deadline, and ends by its signal with
 * the signal's reason. Errors of all: `engine_unreachable`, where it may have been done or not;
 * `engine_refused` and `engine_failed` with the engine's own words, or a code of their own where
 * there is one (`explainRefusal`): `container_not_found`, `image_not_found`, `disk_full`, …
 */
export class Engine {
  readonly facts: EngineFacts
  readonly #transport: Transport
  readonly #containers: Containers
  readonly #images: Images
  readonly #networks: Networks
  readonly #volumes: Volumes
  readonly #marks = new Map<string, StatsMark>()

  private constructor({ transport, logins, facts }: Connection) {
    this.facts = facts
    this.#transport = transport
    this.#containers = new Containers(transport)
    this.#images = new Images(transport, logins)
    this.#networks = new Networks(transport)
    this.#volumes = new Volumes(transport)
  }

  /** The first engine that answers. Errors: those of `connectEngine`. */
  static async connect(options: ConnectOptions): Promise<Engine> {
    return new Engine(await connectEngine(options))
  }

  /** Resolves when it answers. */
  async ping(signal: AbortSignal): Promise<void> {
    await this.#transport.askText({ method: 'GET', path: '/_ping', signal })
  }

  /** The id. Errors: `name_taken`, `image_not_found`. */
  async createContainer(name: string, body: CreateBody, signal: AbortSignal): Promise<string> {
    return await this.#containers.create(name, body, signal)
  }

  /** One that runs is left as it is. */
  async startContainer(id: string, signal: AbortSignal): Promise<void> {
    await this.#containers.start(id, signal)
  }

  /** `signalName` as `TERM`. One that does not run, or is gone, is left as it is. */
  async killContainer(id: string, signalName: string, signal: AbortSignal): Promise<void> {
    await this.#containers.kill(id, signalName, signal)
  }

  async pauseContainer(id: string, signal: AbortSignal): Promise<void> {
    await this.#containers.pause(id, signal)
  }

  async unpauseContainer(id: string, signal: AbortSignal): Promise<void> {
    await this.#containers.unpause(id, signal)
  }

  /** Whatever it does, with its unnamed volumes. */
  async removeContainer(id: string, signal: AbortSignal): Promise<void> {
    await this.#containers.remove(id, signal)
    this.#marks.delete(id)
  }

  async updateContainer(id: string, limits: ContainerLimits, signal: AbortSignal): Promise<void> {
    await this.#containers.update(id, limits, signal)
  }

  async inspectContainer(idOrName: string, signal: AbortSignal): Promise<ContainerState | null> {
    return await this.#containers.inspect(idOrName, signal)
  }

  /** Those that have all the labels; `all`: also those that don't run. */
  async listContainers(
    labels: readonly string[],
    signal: AbortSignal,
    { all = false }: { all?: boolean } = {},
  ): Promise<ContainerSummary[]> {
    return await this.#containers.list(labels, all, signal)
  }

  async top(id: string, signal: AbortSignal): Promise<{ pid: number; command: string }[]> {
    return await this.#containers.top(id, signal)
  }

  /** What it uses now; all zero for one that does not run. Docker takes up to a second to tell. */
  async stats(id: string, signal: AbortSignal): Promise<ContainerStats> {
    const path = `/containers/${encodeURIComponent(id)}/stats`
    const query = { stream: false, 'one-shot': true }
    const request = { method: 'GET', path, query, signal } as const
    const answer = await this.#transport.ask(request, StatsAnswer)
    const { stats, mark } = readStats(answer, this.facts.memoryBytes, this.#marks.get(id))
    this.#marks.set(id, mark)
    return stats
  }

  /** Errors: `program_not_found`, `container_not_found`; `engine_refused` where it does not run. */
  async exec(container: string, options: ExecOptions, signal: AbortSignal): Promise<EngineExec> {
    return await startExec(this.#transport, container, options, signal)
  }

  async inspectExec(id: string, signal: AbortSignal): Promise<ExecState | null> {
    return await inspectExec(this.#transport, id, signal)
  }

  /**
   * Tells what happens until the signal ends it, and then resolves. The connection is made again
   * whenever it is lost, with growing pauses.
   */
  async follow(
    filters: EventFilters,
    onEvent: (event: EngineEvent) => void,
    tell: { onUp: () => void; onDown: (error: unknown) => void },
    signal: AbortSignal,
  ): Promise<void> {
    await followEvents(this.#transport, { filters, onEvent, ...tell, signal })
  }

  async inspectImage(name: string, signal: AbortSignal): Promise<ImageState | null> {
    return await this.#images.inspect(name, signal)
  }

  async listImages(labels: readonly string[], signal: AbortSignal): Promise<ImageSummary[]> {
    return await this.#images.list(labels, signal)
  }

  async removeImage(name: string, signal: AbortSignal): Promise<void> {
    await this.#images.remove(name, signal)
  }

  async tagImage(name: string, tag: string, signal: AbortSignal): Promise<void> {
    await this.#images.tag(name, tag, signal)
  }

  async pullImage(name: string, onProgress: OnProgress, signal: AbortSignal): Promise<void> {
    await this.#images.pull(name, onProgress, signal)
  }

  async buildImage(
    context: Readable,
    options: BuildOptions,
    onProgress: OnProgress,
    signal: AbortSignal,
  ): Promise<string> {
    return await this.#images.build(context, options, onProgress, signal)
  }

  async importImage(tar: Readable, options: ImportOptions, signal: AbortSignal): Promise<string> {
    return await this.#images.import(tar, options, signal)
  }

  async ensureNetwork(
    name: string,
    options: NetworkOptions,
    signal: AbortSignal,
  ): Promise<NetworkState> {
    return await this.#networks.ensure(name, options, signal)
  }

  async inspectNetwork(name: string, signal: AbortSignal): Promise<NetworkState | null> {
    return await this.#networks.inspect(name, signal)
  }

  async connectNetwork(name: string, container: string, signal: AbortSignal): Promise<void> {
    await this.#networks.connect(name, container, signal)
  }

  async removeNetwork(name: string, signal: AbortSignal): Promise<void> {
    await this.#networks.remove(name, signal)
  }

  async listNetworks(labels: readonly string[], signal: AbortSignal): Promise<NetworkState[]> {
    return await this.#networks.list(labels, signal)
  }

  async createVolume(
    name: string,
    labels: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<VolumeState> {
    return await this.#volumes.create(name, labels, signal)
  }

  async removeVolume(name: string, signal: AbortSignal): Promise<void> {
    await this.#volumes.remove(name, signal)
  }

  async listVolumes(labels: readonly string[], signal: AbortSignal): Promise<VolumeState[]> {
    return await this.#volumes.list(labels, signal)
  }

  /** A tar of what is at the path inside; null where nothing is. Read it to its end or destroy it. */
  async getArchive(
    id: string,
    path: string,
    signal: AbortSignal,
  ): Promise<{ tar: Readable; stat: ArchiveStat } | null> {
    return await getArchive(this.#transport, id, path, signal)
  }

  /** What is at the path inside, without its content; null where nothing is. */
  async statArchive(id: string, path: string, signal: AbortSignal): Promise<ArchiveStat | null> {
    return await statArchive(this.#transport, id, path, signal)
  }

  /** Unpacks the tar into a folder inside, which must be there. */
  async putArchive(id: string, path: string, tar: Readable, signal: AbortSignal): Promise<void> {
    await putArchive(this.#transport, { id, path }, tar, signal)
  }
}
