import type { IncomingMessage, ServerResponse } from 'node:http'
import { randomInt } from 'node:crypto'
import { doorUrl, type DoorAddress } from '../core/door-environment.ts'
import { boundRefusal, type RefusalWindow } from '../core/refusal-bound.ts'
import type { DoorAgent, DoorRefusal } from '../gateway/door-options.ts'
import type { Door } from '../gateway/door.ts'
import { DroverError } from '../schema/error.ts'
import { findBearer } from './agent-tokens.ts'
import { askDeadlineMs, callSignal, type DaemonContext } from './context.ts'
import { faultPoint } from './fault-point.ts'

type Context = Pick<
  DaemonContext,
  'store' | 'config' | 'specs' | 'tokens' | 'doorTokens' | 'log' | 'now' | 'runtimes' | 'signal'
>

/** A place that an agent was kept from. */
export interface KeptFrom {
  host: string
  port: number
  why: string
  /** Unix ms. */
  at: number
}

/** Places of each agent that are kept in mind, the newest. */
const mostKept = 5

/** Ports that a door takes: below those that systems give to connections of their own. */
const ports = { min: 20_000, max: 32_000, tries: 20 }

/**
 * The agents' door, as the daemon has it: opened with the first agent that needs it, at one address
 * after another, and again by the next daemon at the same ones, since agents that live on know them.
 */
export class AgentsDoor {
  readonly #context: Context
  readonly #open = new Map<string, Promise<DoorAddress>>()
  readonly #windows = new Map<string, RefusalWindow>()
  readonly #kept = new Map<string, readonly KeptFrom[]>()
  #door: Promise<Door> | null = null
  #api: ((request: IncomingMessage, response: ServerResponse) => void) | null = null
  #isClosed = false

  constructor(context: Context) {
    this.#context = context
  }

  /** Whoever serves the API to agents: as their own, by their own token, and to nobody as the owner. */
  serveApi(listener: (request: IncomingMessage, response: ServerResponse) => void): void {
    this.#api = listener
  }

  /**
   * The door at an address of this machine, opened if it is not yet. Its port is kept before anybody is
   * told of it, and never changes. Errors: `door_closed`.
   */
  async open(host: string): Promise<DoorAddress> {
    const opened = this.#open.get(host) ?? this.#listen(host)
    this.#open.set(host, opened)
    try {
      return await opened
    } catch (error) {
      this.#open.delete(host)
      throw error
    }
  }

  /** Opens it wherever it was before, where an agent that lives may know it, and has its walls stand. */
  async reopen(): Promise<void> {
    const { store, runtimes, log } = this.#context
    const isKnown = store.runs
      .listLive()
      .some(({ runtime }) => runtimes.get(runtime)?.capabilities.networkPolicy)
    await Promise.all(
      (isKnown ? store.door.list() : []).map(async ({ host }) => {
        await this.open(host).catch((error: unknown) =>
          log.warn({ err: error, host }, "the agents' door could not be opened again"),
        )
      }),
    )
    await this.#keepWalls()
  }

  /** Where an agent was kept from lately, the newest first; forgotten with the daemon. */
  keptFrom(agentId: string): readonly KeptFrom[] {
    return this.#kept.get(agentId) ?? []
  }

  /** Forgets an agent that is gone, and cuts off what it has under way. */
  async dismiss(agentId: string): Promise<void> {
    this.#windows.delete(agentId)
    this.#kept.delete(agentId)
    const door = await this.#door
    door?.dismiss(agentId)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled(this.#open.values())
    const door = await this.#door
    await door?.close()
  }

  async #keepWalls(): Promise<void> {
    const { store, config, runtimes, log } = this.#context
    const { preparedPort = null } = config.gateway
    const wish = { instance: store.instance, preparedPort }
    const signal = callSignal(this.#context, askDeadlineMs)
    for (const runtime of runtimes.values()) {
      await runtime.networks
        ?.keep(wish, store.door.list(), signal)
        .catch((error: unknown) =>
          log.error({ err: error, runtime: runtime.name }, 'network policies could not be kept'),
        )
    }
  }

  async #listen(host: string): Promise<DoorAddress> {
    const { store, log, config } = this.#context
    this.#door ??= this.#create()
    const door = await this.#door
    if (this.#isClosed) {
      throw new DroverError('door_closed', `The daemon is ending; ${host} is not opened any more.`)
    }
    const { preparedPort } = config.gateway
    const known = store.door.list().find((address) => address.host === host)
    const kept = preparedPort === undefined ? known : { host, port: preparedPort }
    const address = kept
      ? await door.listen(kept).catch((error: unknown) => {
          throw notOpened(kept, error)
        })
      : await listenAnywhere(door, host)
    faultPoint('door-opened')
    if (known?.port !== address.port) {
      store.transaction('durable', () => store.door.put(host, address.port))
    }
    faultPoint('door-kept')
    log.info({ url: doorUrl(address) }, "the agents' door is open")
    return address
  }

  /** Loaded with the first that needs it. */
  async #create(): Promise<Door> {
    const { Door: Gateway } = await import('../gateway/door.ts')
    const { config, tokens } = this.#context
    const upstreams = Object.fromEntries(
      Object.entries(config.gateway.upstreams).filter(([, upstream]) => upstream !== undefined),
    )
    return new Gateway({
      admit: (token) => this.#admit(token),
      isApiToken: (token) => findBearer({ store: this.#context.store, tokens }, token) !== null,
      api: () => this.#api,
      upstreams,
      onRefused: (refusal) => this.#tell(refusal),
    })
  }

  #admit(token: string): DoorAgent | null {
    const { store, doorTokens, specs } = this.#context
    const bearer = findBearer({ store, tokens: doorTokens }, token)
    return bearer && { id: bearer.id, name: bearer.name, network: specs.get(bearer.id).network }
  }

  #tell({ agent: { id, name }, host, port, why }: DoorRefusal): void {
    const { store, log, now } = this.#context
    const at = now()
    const others = this.keptFrom(id).filter((each) => each.host !== host || each.port !== port)
    this.#kept.set(id, [{ host, port, why, at }, ...others].slice(0, mostKept))
    const { isTold, untold, window } = boundRefusal(this.#windows.get(id), `${host}:${port}`, at)
    this.#windows.set(id, window)
    if (!isTold) {
      return
    }
    const data = { host, port, why, ...(untold > 0 ? { untold } : {}) }
    try {
      const run = store.agents.get(id)?.run_id ?? null
      store.transaction('relaxed', () =>
        store.events.append({ type: 'network.refused', agent: name, run, data }, at),
      )
    } catch (error) {
      log.warn({ err: error, agent: name, ...data }, 'a refusal could not be recorded')
    }
  }
}

/** At a port that nobody has; any at all where all that were tried are taken. */
async function listenAnywhere(door: Door, host: string): Promise<DoorAddress> {
  for (let tries = 0; tries < ports.tries; tries++) {
    try {
      return await door.listen({ host, port: randomInt(ports.min, ports.max) })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
        throw notOpened({ host, port: 0 }, error)
      }
    }
  }
  return await door.listen({ host, port: 0 })
}

function notOpened({ host, port }: DoorAddress, cause: unknown): DroverError {
  const { code = '', message } = cause as NodeJS.ErrnoException
  const problems: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port}, which agents know, is taken by another program`,
    EADDRNOTAVAIL: 'this machine does not have the address',
  }
  return new DroverError(
    'door_closed',
    `The agents' door can't be opened at ${host}: ${problems[code] ?? message}.`,
    { details: { host, port }, cause },
  )
}
