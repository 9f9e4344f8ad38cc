import type { IncomingMessage, ServerResponse } from 'node:http'
import { readUpstreamPath, upstreamRequestPath, type Upstreams } from '../core/door-environment.ts'
import type { DoorBounds, DoorOptions } from './door-options.ts'
import { forward } from './forward.ts'
import { refuse, type Refusal } from './refuse.ts'
import type { Seats } from './seats.ts'

export interface UpstreamOptions extends Pick<DoorOptions, 'admit'> {
  /** `/upstream/NAME/TOKEN/…` */
  path: string
  upstreams: Upstreams
  seats: Seats
  bounds: DoorBounds
}

/** Sends a request on to a model upstream of config, with the keys that its agent sent. */
export function serveUpstream(
  request: IncomingMessage,
  response: ServerResponse,
  options: UpstreamOptions,
): void {
  const { seats, bounds } = options
  const asked = readAsked(options)
  if ('status' in asked) {
    return refuse(response, asked)
  }
  let cut = (): void => undefined
  const free = seats.take(asked.agentId, () => cut())
  if (!free) {
    const text = `Drover: there are ${bounds.perAgent} connections open, which is as many as there may be.`
    return refuse(response, { status: 429, text })
  }
  const { url, path } = asked
  cut = forward(request, response, {
    protocol: url.protocol === 'https:' ? 'https:' : 'http:',
    host: url.hostname.replaceAll(/^\[|\]$/g, ''),
    port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
    hostHeader: url.host,
    path,
    connectMs: bounds.connectMs,
    idleMs: bounds.idleMs,
    onEnd: free,
  })
}

interface Asked {
  agentId: string
  url: URL
  path: string
}

function readAsked({ path, upstreams, admit }: UpstreamOptions): Asked | Refusal {
  const asked = readUpstreamPath(path)
  const agent = asked && admit(asked.token)
  if (!asked || !agent || agent.network === 'none') {
    return {
      status: 403,
      text: 'Drover: /upstream/NAME/TOKEN/ is for agents, each with its own token.',
    }
  }
  const upstream = Object.entries(upstreams).find(([name]) => name === asked.name)?.[1]
  if (!upstream) {
    const text = `Drover: config.yaml has no upstream ${asked.name} (gateway.upstreams.${asked.name}.url).`
    return { status: 404, text }
  }
  const wanted = upstreamRequestPath(upstream, asked.rest)
  return wanted === null
    ? { status: 403, text: `Drover: the path is not one of the upstream ${asked.name}.` }
    : { agentId: agent.id, url: new URL(upstream.url), path: wanted }
}
