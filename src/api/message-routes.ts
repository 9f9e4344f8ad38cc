import type { Daemon } from '../daemon/index.ts'
import { mount, type ApiApp } from './route.ts'
import { routes } from './routes.ts'
import { lastEventId, requestSignal, streamEvents } from './streams.ts'

/** Routes of messages and events. */
export function mountMessageRoutes(app: ApiApp, daemon: Daemon): void {
  const { mailbox } = daemon
  mount(app, routes.sendMessage, async ({ params, query, body, c }) => {
    const message = mailbox.send(params.name, body)
    return c.json(
      query.wait
        ? await mailbox.await(message.id, { seconds: query.wait, signal: requestSignal(c, daemon) })
        : message,
    )
  })
  mount(app, routes.listMessages, ({ params, query, c }) =>
    c.json(mailbox.list(params.name, query.limit)),
  )
  mount(app, routes.getMessage, async ({ params, query, c }) =>
    c.json(
      await mailbox.await(params.id, {
        seconds: query.wait ?? 0,
        signal: requestSignal(c, daemon),
      }),
    ),
  )
  mount(app, routes.followEvents, async ({ query, c }) => {
    const since = lastEventId(c) ?? query.since ?? 0
    return await streamEvents(c, daemon, { since, agent: query.agent, follow: query.follow })
  })
  mount(app, routes.attachAgent, async ({ params, query, c }) => {
    const lastId = lastEventId(c)
    const signal = requestSignal(c, daemon)
    const attachment = await daemon.attach(params.name, { isBack: lastId !== null, signal })
    const { agent, isOver } = attachment
    try {
      const since = lastId ?? query.since ?? attachment.since
      return await streamEvents(c, daemon, { since, agent, follow: true, isOver })
    } finally {
      attachment.leave()
    }
  })
}
