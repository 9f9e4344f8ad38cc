/** A host that an agent may reach, as it is written in `network.allow`. */
export interface NetworkHost {
  /** `name`: this one only. `below`: every name that ends in `.host`, not `host` itself. `address`: an IP address. */
  kind: 'name' | 'below' | 'address'
  /** Small letters, without brackets and `*.`. */
  host: string
  /** null: 443 and 80. */
  port: number | null
}

/**
 * Reads `example.org`, `*.example.org`, `192.0.2.7`, `2001:db8::7` or `[2001:db8::7]`, each but the
 * bare IPv6 address with an optional `:port`. null: it is none of these.
 */
export function parseNetworkHost(text: string): NetworkHost | null {
  if (isIpv6(text)) {
    return { kind: 'address', host: text.toLowerCase(), port: null }
  }
  const [, bracketed, plain, written] =
    /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text) ?? []
  const port = written === undefined ? null : Number(written)
  if (port !== null && (port < 1 || port > 65_535)) {
    return null
  }
  if (bracketed !== undefined) {
    return isIpv6(bracketed) ? { kind: 'address', host: bracketed.toLowerCase(), port } : null
  }
  const host = (plain ?? '').toLowerCase()
  if (isIpv4(host)) {
    return { kind: 'address', host, port }
  }
  const isBelow = host.startsWith('*.')
  const name = isBelow ? host.slice(2) : host
  return isHostName(name) ? { kind: isBelow ? 'below' : 'name', host: name, port } : null
}

/** A name in small letters. One that ends in a number would be read as an address by many programs. */
export function isHostName(name: string): boolean {
  const labels = name.split('.')
  return (
    name.length <= 253 &&
    labels.every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label)) &&
    !/^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')
  )
}

/** Four decimal numbers without leading zeros; no other form that some libraries read. */
export function isIpv4(text: string): boolean {
  const parts = text.split('.')
  return (
    parts.length === 4 &&
    parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
  )
}

/** An IPv6 address without brackets and zone. */
export function isIpv6(text: string): boolean {
  if (!/^[0-9a-fA-F:.]{2,45}$/.test(text) || !text.includes(':')) {
    return false
  }
  return URL.canParse(`http://[${text}]/`)
}
