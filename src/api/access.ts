import type { TicketHolder, TokenBearer } from '../daemon/index.ts'
import { DroverError } from '../schema/error.ts'

/**
 * Who may ask for a route beside the owner of the home. What a route does not say is `owner`.
 *
 * - `owner`: nobody else.
 * - `agent-self`: an agent, where `{name}` is its own.
 * - `visitor`: the same, and who has a ticket for `{name}`.
 * - `agent`: an agent; its handler keeps to what is the agent's.
 * - `anyone`: no token is asked for.
 */
export type Access = 'owner' | 'agent-self' | 'visitor' | 'agent' | 'anyone'

/** Who asks: found by the guard, once for each request. */
export type Caller =
  | { kind: 'owner' }
  | ({ kind: 'agent' } & TokenBearer)
  | ({ kind: 'visitor' } & TicketHolder)
  | { kind: 'anyone' }

/** What the decision is about. */
export interface Asked {
  method: string
  /** Path with `{name}` parameters. */
  path: string
  access?: Access
}

/** Lets the caller through or throws; `name` is the agent in the path. Errors: `unauthorized`, `forbidden`. */
export function checkAccess(caller: Caller, asked: Asked, name: string | undefined): void {
  const { access = 'owner' } = asked
  if (caller.kind === 'owner' || access === 'anyone') {
    return
  }
  if (caller.kind === 'visitor' && access === 'visitor' && name === caller.name) {
    return
  }
  if (caller.kind !== 'agent') {
    throw unauthorized()
  }
  const route = `${asked.method.toUpperCase()} ${asked.path}`
  if (access === 'owner') {
    throw forbidden('Authorization', `an agent's token does not open ${route}`)
  }
  if (access !== 'agent' && name !== caller.name) {
    const given = JSON.stringify((name ?? '').slice(0, 80))
    throw forbidden('name', `${caller.name} may ask ${route} of itself only, not of ${given}`)
  }
}

export function unauthorized(): DroverError {
  return new DroverError('unauthorized', 'Authorization: the token is missing or wrong.', {
    details: { field: 'Authorization' },
  })
}

export function forbidden(field: string, problem: string): DroverError {
  return new DroverError('forbidden', `${field}: ${problem}.`, { details: { field } })
}
