import type { Upstream } from '../schema/config.ts'
import type { Network } from '../schema/network.ts'

/** Where the agents' door listens, as agents reach it. */
export interface DoorAddress {
  /** An IP address. */
  host: string
  port: number
}

export interface DoorGuest {
  address: DoorAddress
  agentId: string
  /** The agent's token for the door, which is not that for the API. */
  token: string
  network: Network
}

/** Names of upstreams, as in config and in paths of the door. */
export type UpstreamName = 'anthropic' | 'openai' | 'gemini' | 'ollama'
export type Upstreams = Readonly<Partial<Record<UpstreamName, Upstream>>>

/** What stands before NAME/TOKEN in a path of the door. */
const upstreamPath = '/upstream/'

/** `http://HOST:PORT` */
export function doorUrl({ host, port }: DoorAddress): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/**
 * The variables by which an agent's programs find the door: Drover itself, and, where the policy keeps
 * them from the network, the proxy. An agent without a network finds nothing.
 */
export function doorEnvironment({
  address,
  agentId,
  token,
  network,
}: DoorGuest): Record<string, string> {
  if (network === 'none') {
    return {}
  }
  const own = { DROVER_URL: doorUrl(address) }
  if (network === 'full') {
    return own
  }
  const proxy = doorUrl(address).replace('http://', `http://${agentId}:${token}@`)
  const direct = ['localhost', '127.0.0.1', '::1', address.host].join(',')
  return {
    ...own,
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    http_proxy: proxy,
    https_proxy: proxy,
    NO_PROXY: direct,
    no_proxy: direct,
    // Node's own fetch asks for a proxy only where this is set.
    NODE_USE_ENV_PROXY: '1',
  }
}

/**
 * The upstreams as an agent is to see them: by the door, also where its policy keeps it from nothing,
 * for they may be at an address that is another one where it is, as loopback. The path of each stays at the end of its address, since programs read it: of one of OpenAI's kind
 * without a path it is `/v1`, as they would make it.
 */
export function doorUpstreams(
  { address, token, network }: DoorGuest,
  upstreams: Upstreams,
): Upstreams {
  if (network === 'none') {
    return upstreams
  }
  return Object.fromEntries(
    Object.entries(upstreams).map(([name, upstream]) => {
      const own = basePath(upstream)
      const path = own === '' && name === 'openai' ? '/v1' : own
      return [
        name,
        { ...upstream, url: `${doorUrl(address)}${upstreamPath}${name}/${token}${path}` },
      ]
    }),
  )
}

/** The path of an upstream's address, without a slash at its end. */
function basePath({ url }: Pick<Upstream, 'url'>): string {
  return new URL(url).pathname.replace(/\/+$/, '')
}

/** What a path of the door asks for, or null where it is no such path. */
export function readUpstreamPath(
  path: string,
): { name: string; token: string; rest: string } | null {
  const [, name, token, rest] = /^\/upstream\/([a-z]+)\/([\w-]+)((?:[/?].*)?)$/s.exec(path) ?? []
  return name === undefined || token === undefined ? null : { name, token, rest: rest ?? '' }
}

/**
 * The path to ask of an upstream; null where it leads out of the upstream's own, also by `..` in one
 * of its forms.
 */
export function upstreamRequestPath(upstream: Pick<Upstream, 'url'>, rest: string): string | null {
  const [wanted = ''] = rest.split('#', 1)
  const [path = ''] = wanted.split('?', 1)
  const base = basePath(upstream)
  const isBelow = path === base || path.startsWith(`${base}/`)
  return isBelow && !hasDots(path) ? `${wanted.startsWith('/') ? '' : '/'}${wanted}` : null
}

function hasDots(path: string): boolean {
  const plain = path.replaceAll(/%2e/gi, '.').replaceAll(/%2f|%5c|\\/gi, '/')
  return plain.split('/').some((segment) => segment === '.' || segment === '..')
}
