import { z } from 'zod'
import { hasStatus, isMissing } from './refusal.ts'
import type { Transport } from './transport.ts'

export interface NetworkOptions {
  labels?: Readonly<Record<string, string>>
  /** No way out of this machine. */
  isInternal?: boolean
  /** As `172.30.0.0/24`; left out: the engine chooses. */
  subnet?: string
  gateway?: string
  /** The driver's own, as `com.docker.network.bridge.name`. */
  options?: Readonly<Record<string, string>>
}

export interface NetworkState {
  id: string
  name: string
  driver: string
  isInternal: boolean
  labels: Readonly<Record<string, string>>
  /** Address of this machine in it; null where it has none. */
  gateway: string | null
  subnet: string | null
}

const Network = z.object({
  Id: z.string().optional(),
  id: z.string().optional(),
  Name: z.string(),
  Driver: z.string().default(''),
  Internal: z.boolean().default(false),
  Labels: z.record(z.string(), z.string()).nullish(),
  IPAM: z
    .object({
      Config: z
        .array(z.object({ Subnet: z.string().optional(), Gateway: z.string().optional() }))
        .nullish(),
    })
    .nullish(),
})

/** What can be done to networks. */
export class Networks {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** One of that name that is there already is taken as it is. */
  async ensure(name: string, options: NetworkOptions, signal: AbortSignal): Promise<NetworkState> {
    const found = await this.inspect(name, signal)
    if (found) {
      return found
    }
    const { labels = {}, isInternal = false, subnet, gateway, options: own = {} } = options
    const body = {
      Name: name,
      Driver: 'bridge',
      // Two of one name would be there else; newer engines never allow that.
      CheckDuplicate: true,
      Internal: isInternal,
      EnableIPv6: false,
      Labels: labels,
      Options: own,
      ...(subnet ? { IPAM: { Config: [{ Subnet: subnet, Gateway: gateway }] } } : {}),
    }
    try {
      await this.#transport.askText({ method: 'POST', path: '/networks/create', body, signal })
    } catch (error) {
      if (!hasStatus(error, 409)) {
        throw error
      }
    }
    const made = await this.inspect(name, signal)
    if (!made) {
      throw new Error(`The network ${name} was made, and is not there.`)
    }
    return made
  }

  /** Null where there is none of that name or id. */
  async inspect(name: string, signal: AbortSignal): Promise<NetworkState | null> {
    try {
      const path = `/networks/${encodeURIComponent(name)}`
      return readNetwork(await this.#transport.ask({ method: 'GET', path, signal }, Network))
    } catch (error) {
      if (isMissing(error)) {
        return null
      }
      throw error
    }
  }

  /** One that is gone is fine; one in use is `engine_refused`. */
  async remove(name: string, signal: AbortSignal): Promise<void> {
    try {
      const path = `/networks/${encodeURIComponent(name)}`
      await this.#transport.askText({ method: 'DELETE', path, signal })
    } catch (error) {
      if (!isMissing(error)) {
        throw error
      }
    }
  }

  async list(labels: readonly string[], signal: AbortSignal): Promise<NetworkState[]> {
    const query = labels.length > 0 ? { filters: { label: labels } } : {}
    const request = { method: 'GET', path: '/networks', query, signal } as const
    return (await this.#transport.ask(request, z.array(Network))).map(readNetwork)
  }

  /** Joins a container to it. */
  async connect(name: string, container: string, signal: AbortSignal): Promise<void> {
    const path = `/networks/${encodeURIComponent(name)}/connect`
    const body = { Container: container }
    await this.#transport.askText({ method: 'POST', path, body, signal })
  }
}

function readNetwork(answer: z.infer<typeof Network>): NetworkState {
  const place = answer.IPAM?.Config?.[0]
  return {
    id: answer.Id ?? answer.id ?? answer.Name,
    name: answer.Name,
    driver: answer.Driver,
    isInternal: answer.Internal,
    labels: answer.Labels ?? {},
    gateway: place?.Gateway || null,
    subnet: place?.Subnet || null,
  }
}
