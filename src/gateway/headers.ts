import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'

/** Headers that are for the next hop only, and those that tell it who asks. Source: RFC 9110, 7.6.1. */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** The headers of a message that go on, each as often as it came; without those that `Connection` names. */
export function endToEndHeaders({ rawHeaders, headers }: IncomingMessage): OutgoingHttpHeaders {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase())
  const dropped = new Set([...hopByHop, ...named])
  const kept = new Map<string, [string, string[]]>()
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!
    const key = name.toLowerCase()
    if (!dropped.has(key)) {
      const [, values] = kept.get(key) ?? [name, []]
      kept.set(key, [name, [...values, rawHeaders[index + 1]!]])
    }
  }
  return Object.fromEntries(
    [...kept.values()].map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  )
}

/** The token of `Proxy-Authorization: Basic base64(USER:TOKEN)`, and the user; null where there is none. */
export function proxyCredentials({
  headers,
}: IncomingMessage): { user: string; token: string } | null {
  const [, encoded] =
    /^basic +([\w+/=-]{1,1024})$/i.exec(headers['proxy-authorization'] ?? '') ?? []
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8')
  const split = text.indexOf(':')
  return split < 0 ? null : { user: text.slice(0, split), token: text.slice(split + 1) }
}
