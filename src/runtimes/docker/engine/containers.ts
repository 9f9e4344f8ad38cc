import { z } from 'zod'
import type { ContainerLimits, CreateBody } from './container-body.ts'
import { readContainer, ContainerAnswer, type ContainerState } from './container-state.ts'
import { hasStatus, isMissing } from './refusal.ts'
import type { EngineRequest, Transport } from './transport.ts'

/** A container among others. */
export interface ContainerSummary {
  id: string
  name: string
  image: string
  /** `sha256:…` */
  imageId: string
  labels: Readonly<Record<string, string>>
  /** In the engine's words: `created`, `running`, `paused`, `restarting`, `removing`, `exited`, `dead`. */
  state: string
}

const Created = z.object({ Id: z.string() })
const Listed = z.array(
  z.object({
    Id: z.string(),
    Names: z.array(z.string()).nullish(),
    Image: z.string().default(''),
    ImageID: z.string().default(''),
    Labels: z.record(z.string(), z.string()).nullish(),
    State: z.string(),
  }),
)
const Processes = z.object({
  Titles: z.array(z.string()),
  Processes: z.array(z.array(z.string())).nullish(),
})

/** Making or removing one may copy or delete much, ms. */
const slowMs = 120_000

/** What can be done to containers; each by id or name. */
export class Containers {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  async create(name: string, body: CreateBody, signal: AbortSignal): Promise<string> {
    const request = { method: 'POST', path: '/containers/create', query: { name }, body } as const
    const created = await this.#transport.ask({ ...request, deadlineMs: slowMs, signal }, Created)
    return created.Id
  }

  async start(id: string, signal: AbortSignal): Promise<void> {
    await this.#post(id, 'start', { deadlineMs: slowMs, signal })
  }

  /** One that does not run, or is gone, is left as it is. */
  async kill(id: string, signalName: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#post(id, 'kill', { query: { signal: signalName }, signal })
    } catch (error) {
      if (!isMissing(error) && (await this.inspect(id, signal))?.isRunning !== false) {
        throw error
      }
    }
  }

  async pause(id: string, signal: AbortSignal): Promise<void> {
    await this.#toggle(id, 'pause', signal)
  }

  async unpause(id: string, signal: AbortSignal): Promise<void> {
    await this.#toggle(id, 'unpause', signal)
  }

  /** Ends it if it runs, and removes its unnamed volumes. */
  async remove(id: string, signal: AbortSignal): Promise<void> {
    const query = { force: true, v: true }
    const path = `/containers/${encodeURIComponent(id)}`
    try {
      const request = { method: 'DELETE', path, query, deadlineMs: slowMs, signal } as const
      await this.#transport.askText(request)
    } catch (error) {
      // Somebody else may be removing it already.
      if (!isMissing(error) && !/already in progress/.test(String(error))) {
        throw error
      }
    }
  }

  async update(id: string, limits: ContainerLimits, signal: AbortSignal): Promise<void> {
    const { memoryBytes, memorySwapBytes, cpus, pids } = limits
    const body = {
      Memory: memoryBytes,
      MemorySwap: memorySwapBytes,
      NanoCpus: cpus === undefined ? undefined : Math.round(cpus * 1e9),
      PidsLimit: pids,
    }
    await this.#post(id, 'update', { body, signal })
  }

  /** Null where there is none of that id or name. */
  async inspect(id: string, signal: AbortSignal): Promise<ContainerState | null> {
    const path = `/containers/${encodeURIComponent(id)}/json`
    try {
      return readContainer(
        await this.#transport.ask({ method: 'GET', path, signal }, ContainerAnswer),
      )
    } catch (error) {
      if (isMissing(error)) {
        return null
      }
      throw error
    }
  }

  /** Those that have all the labels, each `NAME` or `NAME=value`; with `isAll` those that don't run, too. */
  async list(
    labels: readonly string[],
    isAll: boolean,
    signal: AbortSignal,
  ): Promise<ContainerSummary[]> {
    const query = { all: isAll, filters: { label: labels } }
    const request = { method: 'GET', path: '/containers/json', query, signal } as const
    return (await this.#transport.ask(request, Listed)).map((each) => ({
      id: each.Id,
      name: (each.Names?.[0] ?? '').replace(/^\//, ''),
      image: each.Image,
      imageId: each.ImageID,
      labels: each.Labels ?? {},
      state: each.State,
    }))
  }

  /** Its processes, with their ids as the engine's machine has them. */
  async top(id: string, signal: AbortSignal): Promise<{ pid: number; command: string }[]> {
    const path = `/containers/${encodeURIComponent(id)}/top`
    const { Titles, Processes: rows } = await this.#transport.ask(
      { method: 'GET', path, signal },
      Processes,
    )
    const pid = Titles.indexOf('PID')
    const command = Titles.findIndex((title) => ['CMD', 'COMMAND', 'ARGS'].includes(title))
    return (rows ?? []).map((row) => ({ pid: Number(row[pid]), command: row[command] ?? '' }))
  }

  /** Asking for what it is already is no error. */
  async #toggle(id: string, verb: 'pause' | 'unpause', signal: AbortSignal): Promise<void> {
    const isPaused = verb === 'pause'
    try {
      await this.#post(id, verb, { signal })
    } catch (error) {
      const state =
        hasStatus(error, 409) || hasStatus(error, 500) ? await this.inspect(id, signal) : null
      if (!state?.isRunning || state.isPaused !== isPaused) {
        throw error
      }
    }
  }

  async #post(
    id: string,
    verb: string,
    request: Omit<EngineRequest, 'method' | 'path'>,
  ): Promise<void> {
    const path = `/containers/${encodeURIComponent(id)}/${verb}`
    await this.#transport.askText({ method: 'POST', path, ...request })
  }
}
