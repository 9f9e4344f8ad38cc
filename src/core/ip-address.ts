import { isIpv4, isIpv6 } from '../schema/network-host.ts'

/**
 * The one way in which an address is written here: IPv4 in four decimal numbers, IPv6 in its shortest
 * form, and an IPv4 address inside of IPv6 (`::ffff:10.0.0.1`) as what it is. null: it is no address,
 * or one with a zone.
 */
export function canonicalAddress(text: string): string | null {
  if (isIpv4(text)) {
    return text
  }
  if (!isIpv6(text)) {
    return null
  }
  const groups = groupsOf(text)
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  return isMapped ? ipv4Of(groups[6]!, groups[7]!) : shortest(text)
}

/**
 * Whether a canonical address is one of the whole internet: not of this machine, its link or a private
 * network, nor kept for another use. Sources: the special-purpose registries of IANA, RFC 6890.
 */
export function isPublicAddress(address: string): boolean {
  if (isIpv4(address)) {
    const value = numberOf(address)
    return !privateIpv4.some(
      ([base, bits]) => value >>> (32 - bits) === numberOf(base) >>> (32 - bits),
    )
  }
  const [first, second, third, ...rest] = groupsOf(address) as [number, number, number, ...number[]]
  if (first === 0x64 && second === 0xff9b) {
    // The IPv4 address that a translator leads to (RFC 6052); other prefixes of it are a network's own.
    const isWellKnown = third === 0 && rest.slice(0, 3).every((group) => group === 0)
    return isWellKnown && isPublicAddress(ipv4Of(rest[3]!, rest[4]!))
  }
  if (first === 0x2002) {
    return isPublicAddress(ipv4Of(second, third))
  }
  const isGlobal = first >>> 13 === 1
  const isSpecial = first === 0x2001 && second < 0x200
  return isGlobal && !isSpecial
}

const privateIpv4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  // What is sent to many, what is kept for later, and the broadcast.
  ['224.0.0.0', 3],
]

/** An IPv4 address as a number below 2^32. */
function numberOf(address: string): number {
  return address.split('.').reduce((value, part) => ((value << 8) | Number(part)) >>> 0, 0)
}

function ipv4Of(high: number, low: number): string {
  return [high >>> 8, high & 0xff, low >>> 8, low & 0xff].join('.')
}

/** Source: the URL standard, whose serializer writes no dotted parts. */
function shortest(ipv6: string): string {
  return new URL(`http://[${ipv6}]/`).hostname.slice(1, -1)
}

/** The eight numbers of an IPv6 address. */
function groupsOf(ipv6: string): number[] {
  const [before = '', after] = shortest(ipv6).split('::')
  const read = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
  const [head, tail] = [read(before), read(after ?? '')]
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail]
}
