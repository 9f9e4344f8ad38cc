import type { Daemon } from '../daemon/index.ts'
import { answerJson } from './answer.ts'
import { mount, type ApiApp } from './route.ts'
import { routes } from './routes.ts'
import { requestSignal, streamEvents } from './streams.ts'

/** Routes of messages and events. */
export function mountMessageRoutes(app: ApiApp, daemon: Daemon): void {
  const { mailbox } = daemon
  mount(app, routes.sendMessage, async ({ params, query, body, c }) => {
    const message = await mailbox.accept(params.name, body)
    return answerJson(
      c,
      query.wait
        ? await mailbox.await(message.id, { seconds: query.wait, signal: requestSignal(c, daemon) })
        : message,
    )
  })
  mount(app, routes.listMessages, ({ params, query, c }) =>
    answerJson(c, mailbox.list(params.name, query.limit)),
  )
  mount(app, routes.getMessage, async ({ params, query, c }) =>
    answerJson(
      c,
      await mailbox.await(params.id, {
        seconds: query.wait ?? 0,
        signal: requestSignal(c, daemon),
      }),
    ),
  )
  mount(app, routes.followEvents, async ({ query, c }) => {
    const lastId = Number(c.req.header('last-event-id') ?? Number.NaN)
    const since = Number.isSafeInteger(lastId) && lastId >= 0 ? lastId : (query.since ?? 0)
    return await streamEvents(c, daemon, { since, agent: query.agent, follow: query.follow })
  })
}
