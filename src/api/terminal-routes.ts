import type { Daemon } from '../daemon/index.ts'
import { DroverError } from '../schema/error.ts'
import type { DaemonStatus } from '../schema/reports.ts'
import { AgentParams } from '../schema/requests.ts'
import { Screen, TerminalQuery, TerminalTicket, TicketRequest } from '../schema/terminal.ts'
import type { Caller } from './access.ts'
import { answerJson } from './answer.ts'
import { defineRoute, mount, type ApiApp, type ApiContext } from './route.ts'
import { serveTerminal } from './terminal-socket.ts'

/** The routes of terminals, as data. */
export const terminalRoutes = {
  openTerminal: defineRoute({
    method: 'get',
    path: '/v1/agents/{name}/terminal',
    access: 'visitor',
    summary:
      'A WebSocket to the terminal of an agent: binary frames are its bytes, text frames JSON. Wakes the agent and keeps it awake while somebody is there. A browser comes with a ticket. An agent may look at its own.',
    params: AgentParams,
    query: TerminalQuery,
    response: { status: 101, description: 'A WebSocket' },
  }),
  getScreen: defineRoute({
    method: 'get',
    path: '/v1/agents/{name}/screen',
    access: 'agent-self',
    summary: "What stands on an agent's terminal now, as text. Wakes nobody.",
    params: AgentParams,
    response: { status: 200, description: 'The screen', schema: Screen },
  }),
  createTerminalTicket: defineRoute({
    method: 'post',
    path: '/v1/agents/{name}/terminal/tickets',
    summary: 'An address that opens the terminal of an agent in a browser, once, within a minute.',
    params: AgentParams,
    body: TicketRequest,
    response: { status: 201, description: 'The ticket', schema: TerminalTicket },
  }),
} as const

export interface TerminalRouteOptions {
  daemon: Daemon
  address: () => Pick<DaemonStatus, 'url'>
}

export function mountTerminalRoutes(app: ApiApp, { daemon, address }: TerminalRouteOptions): void {
  mount(app, terminalRoutes.openTerminal, async ({ params, query, c }) => {
    const { caller } = c.var
    const { cols, rows, readOnly, back } = query
    return await serveTerminal(upgradeOf(c), {
      daemon,
      caller,
      enter: (options) => daemon.terminals.visit(params.name, options),
      size: { cols, rows },
      isReadOnly: readOnly || mayOnlyLook(caller),
      isBack: back || caller.kind === 'agent',
    })
  })
  mount(app, terminalRoutes.getScreen, async ({ params, c }) => {
    const text = await daemon.terminals.readScreen(params.name)
    return answerJson(c, { text } satisfies Screen)
  })
  mount(app, terminalRoutes.createTerminalTicket, ({ params, body, c }) => {
    const { ticket, expiresAt } = daemon.terminals.issueTicket(params.name, body.readOnly)
    const page = `${address().url}/terminal/${encodeURIComponent(params.name)}#ticket=${ticket}`
    return answerJson(c, { ticket, url: page, expiresAt } satisfies TerminalTicket, 201)
  })
}

/** Errors: `invalid_request` where none was asked for. */
export function upgradeOf(c: ApiContext): NonNullable<ApiContext['env']['upgrade']> {
  if (!c.env.upgrade) {
    throw new DroverError('invalid_request', 'Upgrade: is missing; this route is a WebSocket.', {
      details: { field: 'Upgrade' },
    })
  }
  return c.env.upgrade
}

export function mayOnlyLook(caller: Caller): boolean {
  return caller.kind === 'visitor' ? caller.isReadOnly : caller.kind !== 'owner'
}
