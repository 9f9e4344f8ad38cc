import type { LookupFunction } from 'node:net'
import { networkInterfaces } from 'node:os'
import { canonicalAddress } from '../core/ip-address.ts'
import { mayConnect, mayReach, type NetworkRules, type Target } from '../core/network-policy.ts'
import { abortable } from '../util/abortable.ts'
import type { Resolve } from './door-options.ts'

export interface WayOptions {
  rules: NetworkRules
  resolve: Resolve
  isOwn: (address: string) => boolean
  signal: AbortSignal
}

/** How a target is reached: by addresses that were found once and are connected to, never asked for again. */
export type Way =
  | { kind: 'open'; target: Target; addresses: readonly string[] }
  /** The policy keeps its agent from it. */
  | { kind: 'refused'; why: string }
  | { kind: 'unknown'; why: string }

/** Judges a name, resolves it once, and judges what it leads to. */
export async function findWay(target: Target, options: WayOptions): Promise<Way> {
  const { rules, resolve, isOwn, signal } = options
  const verdict = mayReach(rules, target)
  if (!verdict.isAllowed) {
    return { kind: 'refused', why: verdict.why }
  }
  let found: readonly string[]
  try {
    found = target.isAddress ? [target.host] : await abortable(resolve(target.host), signal)
  } catch {
    return { kind: 'unknown', why: `no address was found for ${target.host}` }
  }
  const addresses = found
    .map(canonicalAddress)
    .filter((address) => address !== null)
    .filter((address) => mayConnect(rules, target, { address, isOwn: isOwn(address) }))
  if (addresses.length > 0) {
    return { kind: 'open', target, addresses }
  }
  const where = target.isAddress ? 'it is' : 'the name leads to'
  return {
    kind: 'refused',
    why: `${where} an address of this machine or a private network, and is not listed itself`,
  }
}

/** As the machine resolves: its hosts file, then its DNS servers. */
export const resolveHost: Resolve = async (host) => {
  const { lookup } = process.getBuiltinModule('node:dns/promises')
  const found = await lookup(host, { all: true })
  return found.map(({ address }) => address)
}

/** Whether one of the machine's interfaces has the address, now. */
export function isOwnAddress(address: string): boolean {
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .some((own) => canonicalAddress(own.address.replace(/%.*$/, '')) === address)
}

/** A resolver for one connection that knows only what was found and judged. */
export function pinned(addresses: readonly string[]): LookupFunction {
  const known = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  return (_, { all }, callback) => {
    const [first] = known
    if (all || !first) {
      callback(null, known)
    } else {
      callback(null, first.address, first.family)
    }
  }
}
