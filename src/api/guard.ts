import { timingSafeEqual } from 'node:crypto'
import type { TicketHolder, TokenBearer } from '../daemon/index.ts'
import { DroverError } from '../schema/error.ts'
import { unauthorized, type Caller } from './access.ts'
import type { ApiContext, Route } from './route.ts'
import { routes } from './routes.ts'
import { isPage } from './terminal-page.ts'

export interface GuardOptions {
  /** The owner's. */
  token: string
  /** The agent that a token speaks for; null for any other text. */
  findBearer: (token: string) => TokenBearer | null
  /** Whom a ticket lets in to the terminal of the agent of this name, once; null for a wrong one. */
  redeemTicket: (ticket: string, name: string) => TicketHolder | null
  /** Port we listen on, for the Host check; read at each request, as it is known late. */
  port: () => number
}

/** Where a browser comes with a ticket: it can't send a token with a WebSocket. */
const ticketPath = /^\/v1\/agents\/([\w-]+)\/terminal$/

/** Paths that tell nothing: the routes that say so, and the pages. */
const openPaths: ReadonlySet<string> = new Set([
  '/',
  ...Object.values<Route>(routes).flatMap(({ access, path }) => (access === 'anyone' ? path : [])),
])

/**
 * Says who asks, or throws. Over TCP: only under a loopback name, so that no foreign name that
 * resolves to us gets in (DNS rebinding); from no page but our own; and with a token. Over the
 * socket no token is the owner, who alone can open it; a wrong one is refused there, too, for
 * whoever sends one does not mean to be the owner. By the agents' door only agents come, under any
 * name of it: what they send they have to know.
 * Errors: `forbidden_host`, `forbidden_origin`, `unauthorized`.
 */
export function guard(c: ApiContext, options: GuardOptions): Caller {
  if (c.env.isAgentsDoor) {
    return agentOf(c, options)
  }
  if (!c.env.isTrusted) {
    checkOrigin(c, options.port())
  }
  if (openPaths.has(c.req.path) || isPage(c.req.path)) {
    return { kind: 'anyone' }
  }
  const [, visited] = ticketPath.exec(c.req.path) ?? []
  const ticket = c.req.query('ticket')
  if (visited !== undefined && ticket !== undefined) {
    return { kind: 'visitor', ...takeTicket(ticket, visited, options) }
  }
  const given = bearerToken(c)
  if (given === undefined && c.env.isTrusted) {
    return { kind: 'owner' }
  }
  if (given !== undefined && isSame(given, options.token)) {
    return { kind: 'owner' }
  }
  return agentOf(c, options)
}

/** An agent by its own token, and nobody else. */
function agentOf(c: ApiContext, { findBearer }: GuardOptions): Caller {
  const bearer = findBearer(bearerToken(c) ?? '')
  if (!bearer) {
    throw unauthorized()
  }
  return { kind: 'agent', ...bearer }
}

function bearerToken(c: ApiContext): string | undefined {
  return c.req.header('authorization')?.replace(/^Bearer /i, '')
}

function takeTicket(ticket: string, name: string, { redeemTicket }: GuardOptions): TicketHolder {
  const holder = redeemTicket(ticket, name)
  if (!holder) {
    throw new DroverError(
      'unauthorized',
      'ticket: was used, is too old, or is not for this terminal.',
      { details: { field: 'ticket' } },
    )
  }
  return holder
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
