import { type Daemon, readLog } from '../daemon/index.ts'
import { answerJson } from './answer.ts'
import { mount, type ApiApp } from './route.ts'
import { routes } from './routes.ts'
import { requestSignal, streamPieces } from './streams.ts'

const contentTypes = {
  text: 'text/plain; charset=utf-8',
  json: 'application/x-ndjson',
  raw: 'application/octet-stream',
} as const

/** Routes of agents and what they said. */
export function mountAgentRoutes(app: ApiApp, daemon: Daemon): void {
  const { agents, mailbox, context } = daemon
  mount(app, routes.listAgents, ({ query, c }) => answerJson(c, agents.list(query.all)))
  mount(app, routes.createAgent, async ({ query, body, c }) => {
    const { agent, message } = await agents.create(body)
    const limit = { seconds: query.wait ?? 0, signal: requestSignal(c, daemon) }
    if (message && limit.seconds > 0) {
      const final = await mailbox.await(message.id, limit)
      return answerJson(c, { ...agents.show(agent.name), message: final }, 201)
    }
    const shown = limit.seconds > 0 ? await agents.awaitUp(agent.name, limit) : agent
    return answerJson(c, { ...shown, message }, 201)
  })
  mount(app, routes.getAgent, ({ params, c }) => answerJson(c, agents.show(params.name)))
  mount(app, routes.removeAgent, async ({ params, query, c }) => {
    await agents.remove(params.name, query.force, {
      seconds: query.wait ?? 0,
      signal: requestSignal(c, daemon),
    })
    return answerJson(c, { ok: true })
  })
  for (const verb of ['wake', 'sleep', 'stop', 'start'] as const) {
    mount(app, routes[`${verb}Agent`], async ({ params, query, c }) => {
      const agent = await agents[verb](params.name, {
        seconds: query.wait ?? 0,
        signal: requestSignal(c, daemon),
      })
      return answerJson(c, agent)
    })
  }
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
