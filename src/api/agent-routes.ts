import { type Daemon, readLog, whyAgent, withBoxes } from '../daemon/index.ts'
import { DroverError } from '../schema/error.ts'
import type { WaitLimit } from '../util/notifier.ts'
import type { Agent, Peer } from '../schema/agent.ts'
import { answerJson } from './answer.ts'
import { mount, type ApiApp, type ApiContext } from './route.ts'
import { routes } from './routes.ts'
import { requestSignal, streamPieces } from './streams.ts'

const contentTypes = {
  text: 'text/plain; charset=utf-8',
  json: 'application/x-ndjson',
  raw: 'application/octet-stream',
} as const

/** Routes of agents and what they said. */
export function mountAgentRoutes(app: ApiApp, daemon: Daemon): void {
  const { agents, verbs, turns, mailbox, context } = daemon
  mount(app, routes.listAgents, async ({ query, c }) => {
    if (c.var.caller.kind === 'agent' && query.tag !== undefined) {
      throw new DroverError(
        'forbidden',
        'tag: an agent is not told of tags; capability finds others.',
        {
          details: { field: 'tag' },
        },
      )
    }
    const listed = agents.list(query.all, query)
    if (c.var.caller.kind === 'agent') {
      return answerJson(c, listed.map(toPeer))
    }
    return answerJson(c, query.stats ? await withBoxes(context, listed) : listed)
  })
  mount(app, routes.createAgent, async ({ query, body, c }) => {
    const { agent, message, notes = [] } = await agents.create(body)
    const limit = { seconds: query.wait ?? 0, signal: requestSignal(c, daemon) }
    if (message && limit.seconds > 0) {
      const final = await mailbox.await(message.id, limit)
      return answerJson(c, { ...agents.latest(agent), message: final, notes }, 201)
    }
    const shown = limit.seconds > 0 ? await verbs.settled(agent.name, limit) : agent
    return answerJson(c, { ...shown, message, notes }, 201)
  })
  mount(app, routes.getAgent, async ({ params, query, c }) => {
    const shown = agents.show(params.name)
    const [boxed = shown] = query.stats ? await withBoxes(context, [shown]) : []
    return answerJson(c, boxed)
  })
  mount(app, routes.explainAgent, ({ params, c }) => answerJson(c, whyAgent(context, params.name)))
  mount(app, routes.removeAgent, async ({ params, query, c }) => {
    const removed = await agents.remove(params.name, query.force, {
      seconds: query.wait ?? 0,
      signal: requestSignal(c, daemon),
    })
    return answerJson(c, { ok: true, ...removed })
  })
  mount(app, routes.wakeAgent, async ({ params, query, body, c }) =>
    answerJson(c, await verbs.wake(params.name, body, waitOf(c, daemon, query))),
  )
  mount(app, routes.startAgent, async ({ params, query, body, c }) =>
    answerJson(c, await verbs.start(params.name, body, waitOf(c, daemon, query))),
  )
  mount(app, routes.sleepAgent, async ({ params, query, body, c }) =>
    answerJson(c, await verbs.sleep(params.name, waitOf(c, daemon, query), body)),
  )
  for (const verb of ['stop', 'new', 'restart'] as const) {
    mount(app, routes[`${verb}Agent`], async ({ params, query, c }) =>
      answerJson(c, await verbs[verb](params.name, waitOf(c, daemon, query))),
    )
  }
  mount(app, routes.interruptAgent, async ({ params, query, c }) =>
    answerJson(c, await turns.interrupt(params.name, waitOf(c, daemon, query))),
  )
  mount(app, routes.reloadAgent, async ({ params, body, c }) =>
    answerJson(c, await turns.reload(params.name, body)),
  )
  mount(app, routes.readLogs, async ({ params, query, c }) => {
    const agent = agents.show(params.name)
    const signal = requestSignal(c, daemon)
    return await streamPieces(
      c,
      contentTypes[query.format],
      readLog(context, { ...query, agent, signal }),
      signal,
    )
  })
}

/** How long a request may wait for its end. */
function waitOf(
  c: ApiContext,
  daemon: Daemon,
  { wait = 0 }: { wait?: number | undefined },
): WaitLimit {
  return { seconds: wait, signal: requestSignal(c, daemon) }
}

/** What an agent is told of another, and of itself where it asks for all. */
function toPeer({ name, status, provider, template, label, capabilities }: Agent): Peer {
  return { name, status, provider, template, label, capabilities }
}
