import { isHostName, parseNetworkHost, type NetworkHost } from '../schema/network-host.ts'
import type { Network } from '../schema/network.ts'
import { canonicalAddress, isPublicAddress } from './ip-address.ts'

/** Where somebody wants to go. */
export interface Target {
  /** A name in small letters without a dot at its end, or a canonical address. */
  host: string
  isAddress: boolean
  port: number
}

/** What decides. */
export interface NetworkRules {
  network: Network
  /** Places of the model upstreams of config; see `upstreamTarget`. */
  upstreams: readonly Target[]
}

export type Verdict = { isAllowed: true } | { isAllowed: false; why: string }

/**
 * Reads `HOST:PORT`, and `HOST` where there is a usual port. null for anything else: a user before
 * it, a name with other than ASCII letters, and every way of writing an address but the usual one.
 * What is not read here is never asked of a resolver, so no two can read it differently.
 */
export function readTarget(authority: string, usualPort: number | null = null): Target | null {
  const [, bracketed, plain, written] =
    /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(authority) ?? []
  const port = written === undefined ? usualPort : Number(written)
  if (port === null || port < 1 || port > 65_535) {
    return null
  }
  if (bracketed !== undefined) {
    const host = bracketed.includes(':') ? canonicalAddress(bracketed) : null
    return host === null ? null : { host, isAddress: true, port }
  }
  const host = (plain ?? '').toLowerCase().replace(/\.$/, '')
  if (canonicalAddress(host) !== null) {
    return { host, isAddress: true, port }
  }
  return isHostName(host) ? { host, isAddress: false, port } : null
}

/** The place of an upstream. */
export function upstreamTarget({ url }: { url: string }): Target | null {
  const { protocol, hostname, port } = new URL(url)
  const usual = protocol === 'https:' ? 443 : 80
  return readTarget(`${hostname}:${port === '' ? usual : port}`)
}

/** Whether a policy lets its agent ask for this place. What a name leads to is judged by `mayConnect`. */
export function mayReach({ network, upstreams }: NetworkRules, target: Target): Verdict {
  if (network === 'full' || (network !== 'none' && isUpstream(upstreams, target))) {
    return { isAllowed: true }
  }
  if (typeof network === 'string') {
    return { isAllowed: false, why: `its network is "${network}"` }
  }
  const named = network.allow.map(parseNetworkHost).filter((rule) => rule && isNamed(rule, target))
  if (named.length === 0) {
    return { isAllowed: false, why: 'it is none of the hosts in network.allow' }
  }
  return named.some((rule) => rule && isPortOf(rule, target.port))
    ? { isAllowed: true }
    : { isAllowed: false, why: `network.allow has the host, but not port ${target.port}` }
}

/**
 * Whether an address that a target was found to have may be connected to. This machine, its link and
 * private networks are reached only where the address itself is listed, or an upstream of config leads
 * there: no name that somebody else can point elsewhere is a way in. `isOwn`: an address of this machine.
 */
export function mayConnect(
  rules: NetworkRules,
  target: Target,
  { address, isOwn }: { address: string; isOwn: boolean },
): boolean {
  const { network, upstreams } = rules
  const canonical = canonicalAddress(address)
  if (canonical === null || !mayReach(rules, target).isAllowed) {
    return false
  }
  if (isPublicAddress(canonical) && !isOwn) {
    return true
  }
  const literal: Target = { host: canonical, isAddress: true, port: target.port }
  const isListed =
    typeof network === 'object' &&
    network.allow.some((text) => {
      const rule = parseNetworkHost(text)
      return rule !== null && isNamed(rule, literal) && isPortOf(rule, target.port)
    })
  return isListed || (network !== 'none' && isUpstream(upstreams, target))
}

function isUpstream(upstreams: readonly Target[], { host, port }: Target): boolean {
  return upstreams.some((upstream) => upstream.host === host && upstream.port === port)
}

function isNamed({ kind, host }: NetworkHost, target: Target): boolean {
  switch (kind) {
    case 'address':
      return target.isAddress && canonicalAddress(host) === target.host
    case 'name':
      return !target.isAddress && host === target.host
    case 'below':
      return !target.isAddress && target.host.endsWith(`.${host}`)
  }
}

function isPortOf({ port }: NetworkHost, wanted: number): boolean {
  return port === null ? wanted === 443 || wanted === 80 : port === wanted
}
