import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Upstreams } from '../core/door-environment.ts'
import type { Network } from '../schema/network.ts'

/** An agent at the door. */
export interface DoorAgent {
  id: string
  name: string
  network: Network
}

/** A place that an agent was kept from. */
export interface DoorRefusal {
  agent: DoorAgent
  host: string
  port: number
  /** A clause for people. */
  why: string
}

/** Addresses of a host, the best first; rejects where it has none. */
export type Resolve = (host: string) => Promise<readonly string[]>

/** What the door is told by its owner. */
export interface DoorOptions {
  /** The agent that a token for the door speaks for; null for any other text. Compares in constant time. */
  admit: (token: string) => DoorAgent | null
  /** Whether a token is an agent's own for the API. */
  isApiToken: (token: string) => boolean
  /** Serves the API to agents; it takes nobody there for the owner. null: not yet. */
  api: () => ((request: IncomingMessage, response: ServerResponse) => void) | null
  /** The model upstreams of config. */
  upstreams: Upstreams
  onRefused: (refusal: DoorRefusal) => void
  /** Left out: as the machine resolves. */
  resolve?: Resolve
  /** Whether an address is one of this machine; left out: as its interfaces say. */
  isOwnAddress?: (address: string) => boolean
  /** Bounds that tests make smaller. */
  bounds?: Partial<DoorBounds>
}

export interface DoorBounds {
  /** A connection on which nothing moves for so long is closed, ms. */
  idleMs: number
  /** The head of a request must be there after this, ms. */
  headersMs: number
  /** A host must be resolved, and then connected to, in this, ms. */
  connectMs: number
  /** Tunnels and forwarded requests of one agent at the same time. */
  perAgent: number
  /** Connections from one address. */
  perAddress: number
  /** Connections to one address of the door. */
  connections: number
}

export const doorBounds: DoorBounds = {
  // A model may think for long before its first byte.
  idleMs: 900_000,
  headersMs: 10_000,
  connectMs: 20_000,
  perAgent: 256,
  perAddress: 512,
  connections: 4096,
}
