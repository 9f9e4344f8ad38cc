import { timingSafeEqual } from 'node:crypto'
import { DroverError } from '../schema/error.ts'
import type { ApiContext } from './route.ts'

export interface GuardOptions {
  token: string
  /** Port we listen on, for the Host check; read at each request, as it is known late. */
  port: () => number
}

/** Routes that tell nothing, for health checks and the first page. */
const openPaths: ReadonlySet<string> = new Set(['/healthz', '/'])

/**
 * Lets a request through or throws. Over TCP: only under a loopback name, so that no foreign name
 * that resolves to us gets in (DNS rebinding); from no page but our own; and with the token.
 * Errors: `forbidden_host`, `forbidden_origin`, `unauthorized`.
 */
export function guard(c: ApiContext, { token, port }: GuardOptions): void {
  if (c.env.isTrusted) {
    return
  }
  const hosts = [`127.0.0.1:${port()}`, `localhost:${port()}`, `[::1]:${port()}`]
  const host = c.req.header('host')?.toLowerCase()
  if (!host || !hosts.includes(host)) {
    throw new DroverError('forbidden_host', 'Host: is not an address of this daemon.', {
      details: { field: 'Host' },
    })
  }
  const origin = c.req.header('origin')?.toLowerCase()
  if (origin !== undefined && !hosts.some((allowed) => origin === `http://${allowed}`)) {
    throw new DroverError('forbidden_origin', 'Origin: is another page.', {
      details: { field: 'Origin' },
    })
  }
  if (!openPaths.has(c.req.path) && !isToken(c.req.header('authorization'), token)) {
    throw new DroverError('unauthorized', 'Authorization: the token is missing or wrong.', {
      details: { field: 'Authorization' },
    })
  }
}

function isToken(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header?.replace(/^Bearer /i, '') ?? '')
  const expected = Buffer.from(token)
  return given.length === expected.length && timingSafeEqual(given, expected)
}
