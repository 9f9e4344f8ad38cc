import { timingSafeEqual } from 'node:crypto'
import type { TokenBearer } from '../daemon/index.ts'
import { DroverError } from '../schema/error.ts'
import { unauthorized, type Caller } from './access.ts'
import type { ApiContext, Route } from './route.ts'
import { routes } from './routes.ts'

export interface GuardOptions {
  /** The owner's. */
  token: string
  /** The agent that a token speaks for; null for any other text. */
  findBearer: (token: string) => TokenBearer | null
  /** Port we listen on, for the Host check; read at each request, as it is known late. */
  port: () => number
}

/** Paths that tell nothing: the routes that say so, and the first page. */
const openPaths: ReadonlySet<string> = new Set([
  '/',
  ...Object.values<Route>(routes).flatMap(({ access, path }) => (access === 'anyone' ? path : [])),
])

/**
 * Says who asks, or throws. Over TCP: only under a loopback name, so that no foreign name that
 * resolves to us gets in (DNS rebinding); from no page but our own; and with a token. Over the
 * socket no token is the owner, who alone can open it; a wrong one is refused there, too, for
 * whoever sends one does not mean to be the owner.
 * Errors: `forbidden_host`, `forbidden_origin`, `unauthorized`.
 */
export function guard(c: ApiContext, options: GuardOptions): Caller {
  if (!c.env.isTrusted) {
    checkOrigin(c, options.port())
  }
  if (openPaths.has(c.req.path)) {
    return { kind: 'anyone' }
  }
  const header = c.req.header('authorization')
  if (header === undefined && c.env.isTrusted) {
    return { kind: 'owner' }
  }
  const given = header?.replace(/^Bearer /i, '') ?? ''
  if (isSame(given, options.token)) {
    return { kind: 'owner' }
  }
  const bearer = options.findBearer(given)
  if (!bearer) {
    throw unauthorized()
  }
  return { kind: 'agent', ...bearer }
}

function checkOrigin(c: ApiContext, port: number): void {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]
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
}

function isSame(given: string, token: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(token)]
  return one.length === other.length && timingSafeEqual(one, other)
}
