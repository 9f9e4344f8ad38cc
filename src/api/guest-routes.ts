import { z } from 'zod'
import type { Daemon, GuestFilter } from '../daemon/index.ts'
import { Guest, GuestParams, GuestRequest, GuestsQuery } from '../schema/guest.ts'
import { Accepted } from '../schema/reports.ts'
import { AgentParams, WaitQuery } from '../schema/requests.ts'
import { TerminalQuery } from '../schema/terminal.ts'
import { forbidden, type Caller } from './access.ts'
import { answerJson } from './answer.ts'
import { defineRoute, mount, type ApiApp } from './route.ts'
import { mayOnlyLook, upgradeOf } from './terminal-routes.ts'
import { requestSignal } from './streams.ts'
import { serveTerminal } from './terminal-socket.ts'

/** The routes of terminals beside agents, as data. */
export const guestRoutes = {
  createGuest: defineRoute({
    method: 'post',
    path: '/v1/agents/{name}/guests',
    summary:
      "Make a terminal beside an agent, in its folder and environment, for a time: a person's shell, or a program.",
    params: AgentParams,
    body: GuestRequest,
    response: { status: 201, description: 'The guest, which runs', schema: Guest },
  }),
  listGuests: defineRoute({
    method: 'get',
    path: '/v1/guests',
    access: 'agent',
    summary:
      'Guests that have not ended, the oldest first: all, or those of one agent. An agent is told of its own.',
    query: GuestsQuery,
    response: { status: 200, description: 'Guests', schema: z.array(Guest) },
  }),
  getGuest: defineRoute({
    method: 'get',
    path: '/v1/guests/{id}',
    access: 'agent',
    summary: 'One guest, until it has ended. An agent is told of its own.',
    params: GuestParams,
    response: { status: 200, description: 'The guest', schema: Guest },
  }),
  endGuest: defineRoute({
    method: 'delete',
    path: '/v1/guests/{id}',
    summary: 'End a guest: TERM, then KILL; with `wait` once it is gone.',
    params: GuestParams,
    query: WaitQuery,
    response: { status: 200, description: 'Ending', schema: Accepted },
  }),
  openGuestTerminal: defineRoute({
    method: 'get',
    path: '/v1/guests/{id}/terminal',
    access: 'agent',
    summary:
      'A WebSocket to the terminal of a guest, as that of an agent; it ends with the guest. An agent may look at its own.',
    params: GuestParams,
    query: TerminalQuery,
    response: { status: 101, description: 'A WebSocket' },
  }),
} as const

export function mountGuestRoutes(app: ApiApp, daemon: Daemon): void {
  const { guests } = daemon
  mount(app, guestRoutes.createGuest, async ({ params, body, c }) =>
    answerJson(c, await guests.create(params.name, body), 201),
  )
  mount(app, guestRoutes.listGuests, ({ query, c }) => {
    const own = ownFilter(c.var.caller, query.agent)
    return answerJson(c, guests.list({ agent: query.agent, ...own }))
  })
  mount(app, guestRoutes.getGuest, ({ params, c }) =>
    answerJson(c, guests.show(params.id, ownFilter(c.var.caller))),
  )
  mount(app, guestRoutes.endGuest, async ({ params, query, c }) => {
    const limit = { seconds: query.wait ?? 0, signal: requestSignal(c, daemon) }
    await guests.end(params.id, limit)
    return answerJson(c, { ok: true })
  })
  mount(app, guestRoutes.openGuestTerminal, async ({ params, query, c }) => {
    const { caller } = c.var
    const { cols, rows, readOnly } = query
    const filter = ownFilter(caller)
    return await serveTerminal(upgradeOf(c), {
      daemon,
      caller,
      enter: (options) => Promise.resolve(guests.visit(params.id, filter, options)),
      size: { cols, rows },
      isReadOnly: readOnly || mayOnlyLook(caller),
      isBack: true,
    })
  })
}

/** An agent asks of its own alone, and not of those of who had its name before. Errors: `forbidden`. */
function ownFilter(caller: Caller, agent?: string): GuestFilter {
  if (caller.kind !== 'agent') {
    return {}
  }
  if (agent !== undefined && agent !== caller.name) {
    throw forbidden('agent', `${caller.name} may ask of itself only, not of ${agent}`)
  }
  return { agentId: caller.id }
}
