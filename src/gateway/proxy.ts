import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { readTarget, upstreamTarget, type Target } from '../core/network-policy.ts'
import type { DoorAgent, DoorBounds, DoorOptions } from './door-options.ts'
import { findWay, isOwnAddress, resolveHost, type Way } from './find-way.ts'
import { forward } from './forward.ts'
import { proxyCredentials } from './headers.ts'
import { refuse, refuseTunnel, type Refusal } from './refuse.ts'
import type { Seats } from './seats.ts'
import { openTunnel } from './tunnel.ts'

export interface ProxyParts {
  bounds: DoorBounds
  seats: Seats
}

type Answer = { kind: 'open'; agent: DoorAgent; way: Extract<Way, { kind: 'open' }> } | Refused
type Refused = { kind: 'refused'; refusal: Refusal }

/** The part of the door that leads elsewhere: by a tunnel, or a request sent on. */
export class Proxy {
  readonly #options: DoorOptions
  readonly #parts: ProxyParts
  readonly #upstreams: readonly Target[]

  constructor(options: DoorOptions, parts: ProxyParts) {
    this.#options = options
    this.#parts = parts
    this.#upstreams = Object.values(options.upstreams)
      .map(upstreamTarget)
      .filter((target) => target !== null)
  }

  /** Serves `CONNECT HOST:PORT`. The caller has taken the socket's errors upon itself. */
  async tunnel(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const { bounds, seats } = this.#parts
    const answer = await this.#judge(request, readTarget(request.url ?? ''))
    if (answer.kind === 'refused') {
      return refuseTunnel(socket, answer.refusal)
    }
    if (socket.destroyed) {
      return
    }
    let cut = (): void => undefined
    const free = seats.take(answer.agent.id, () => cut())
    if (!free) {
      return refuseTunnel(socket, tooMany(answer.agent, bounds))
    }
    const { connectMs, idleMs } = bounds
    cut = openTunnel(socket, { head, way: answer.way, connectMs, idleMs, onEnd: free })
  }

  /** Serves a request whose address is whole: `GET http://HOST/PATH`. */
  async forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { bounds, seats } = this.#parts
    const [, authority, path] = /^http:\/\/([^/?#]*)([/?][^#]*)?/i.exec(request.url ?? '') ?? []
    const answer = await this.#judge(request, readTarget(authority ?? '', 80))
    if (answer.kind === 'refused') {
      return refuse(response, answer.refusal)
    }
    if (response.destroyed) {
      return
    }
    let cut = (): void => undefined
    const free = seats.take(answer.agent.id, () => cut())
    if (!free) {
      return refuse(response, tooMany(answer.agent, bounds))
    }
    const { target, addresses } = answer.way
    const host = target.host.includes(':') ? `[${target.host}]` : target.host
    cut = forward(request, response, {
      protocol: 'http:',
      host: target.host,
      port: target.port,
      hostHeader: target.port === 80 ? host : `${host}:${target.port}`,
      path: path?.startsWith('/') ? path : `/${path ?? ''}`,
      addresses,
      connectMs: bounds.connectMs,
      idleMs: bounds.idleMs,
      onEnd: free,
    })
  }

  /** The agent whose name and token a request for the proxy has; null where they are missing or wrong. */
  admit(request: IncomingMessage): DoorAgent | null {
    const given = proxyCredentials(request)
    const agent = given && this.#options.admit(given.token)
    return agent?.id === given?.user ? agent : null
  }

  async #judge(request: IncomingMessage, target: Target | null): Promise<Answer> {
    const agent = this.admit(request)
    if (!agent) {
      return refused(407, 'Drover: the proxy is for agents, each with its own name and token.')
    }
    if (!target) {
      const text =
        'Drover: the proxy takes HOST:PORT, by CONNECT, and http://HOST/; neither was asked for.'
      return refused(400, text)
    }
    const way = await findWay(target, {
      rules: { network: agent.network, upstreams: this.#upstreams },
      resolve: this.#options.resolve ?? resolveHost,
      isOwn: this.#options.isOwnAddress ?? isOwnAddress,
      signal: AbortSignal.timeout(this.#parts.bounds.connectMs),
    })
    if (way.kind === 'open') {
      return { kind: 'open', agent, way }
    }
    if (way.kind === 'unknown') {
      return refused(502, `Drover: ${way.why}.`)
    }
    const { host, port } = target
    this.#options.onRefused({ agent, host, port, why: way.why })
    return refused(403, `Drover: ${agent.name} may not reach ${host}:${port}: ${way.why}.`)
  }
}

const refused = (status: Refusal['status'], text: string): Refused => ({
  kind: 'refused',
  refusal: { status, text },
})

const tooMany = ({ name }: DoorAgent, { perAgent }: DoorBounds): Refusal => ({
  status: 429,
  text: `Drover: ${name} has ${perAgent} connections open, which is as many as it may have.`,
})
