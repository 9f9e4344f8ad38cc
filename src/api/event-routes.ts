import type { Daemon } from '../daemon/index.ts'
import { Event } from '../schema/event.ts'
import { AgentParams, AttachQuery, EventsQuery } from '../schema/requests.ts'
import { forbidden, type Caller } from './access.ts'
import { defineRoute, mount, type ApiApp } from './route.ts'
import { lastEventId, requestSignal, streamEvents } from './streams.ts'

const stream = {
  status: 200,
  description: 'Server-sent events; each has an Event as its data',
  schema: Event,
  contentType: 'text/event-stream',
} as const

/** The routes of events, as data. */
export const eventRoutes = {
  followEvents: defineRoute({
    method: 'get',
    path: '/v1/events',
    access: 'agent',
    summary:
      'Everything that happens, by number. `Last-Event-ID` or `since` goes on where a client was. An agent follows its own events.',
    query: EventsQuery,
    response: stream,
  }),
  attachAgent: defineRoute({
    method: 'get',
    path: '/v1/agents/{name}/attach',
    summary:
      'Be with an agent: wakes it, keeps it awake while the connection lives, and sends its events. `Last-Event-ID` says that a client is back; nothing is woken then.',
    params: AgentParams,
    query: AttachQuery,
    response: stream,
  }),
} as const

export function mountEventRoutes(app: ApiApp, daemon: Daemon): void {
  mount(app, eventRoutes.followEvents, async ({ query, c }) => {
    const since = lastEventId(c) ?? query.since ?? 0
    const own = ownEvents(c.var.caller, { since, agent: query.agent })
    return await streamEvents(c, daemon, { ...own, follow: query.follow })
  })
  mount(app, eventRoutes.attachAgent, async ({ params, query, c }) => {
    const lastId = lastEventId(c)
    const signal = requestSignal(c, daemon)
    const attachment = await daemon.attach(params.name, { isBack: lastId !== null, signal })
    const { agent, firstSeq, isOver } = attachment
    try {
      const since = Math.max(lastId ?? query.since ?? attachment.since, firstSeq)
      return await streamEvents(c, daemon, { since, agent, follow: true, isOver })
    } finally {
      attachment.leave()
    }
  })
}

/** An agent follows its own events, from the time it was made. Errors: `forbidden`. */
function ownEvents(
  caller: Caller,
  { since, agent }: { since: number; agent: string | undefined },
): { since: number; agent: string | undefined } {
  if (caller.kind !== 'agent') {
    return { since, agent }
  }
  if (agent !== undefined && agent !== caller.name) {
    const given = JSON.stringify(agent.slice(0, 80))
    throw forbidden('agent', `${caller.name} may follow its own events only, not those of ${given}`)
  }
  return { since: Math.max(since, caller.firstSeq), agent: caller.name }
}
