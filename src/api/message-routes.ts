import type { Daemon } from '../daemon/index.ts'
import { DroverError } from '../schema/error.ts'
import type { Message } from '../schema/message.ts'
import { personName } from '../schema/requests.ts'
import { forbidden, type Caller } from './access.ts'
import { mount, type ApiApp } from './route.ts'
import { routes } from './routes.ts'
import { lastEventId, requestSignal, streamEvents } from './streams.ts'

/** Routes of messages and events. */
export function mountMessageRoutes(app: ApiApp, daemon: Daemon): void {
  const { mailbox } = daemon
  mount(app, routes.sendMessage, async ({ params, query, body, c }) => {
    const message = mailbox.send(params.name, { ...body, from: senderOf(c.var.caller, body.from) })
    return c.json(
      query.wait
        ? await mailbox.await(message.id, { seconds: query.wait, signal: requestSignal(c, daemon) })
        : message,
    )
  })
  mount(app, routes.listMessages, ({ params, query, c }) =>
    c.json(mailbox.list(params.name, query.limit)),
  )
  mount(app, routes.getMessage, async ({ params, query, c }) => {
    checkReader(c.var.caller, mailbox.show(params.id))
    return c.json(
      await mailbox.await(params.id, {
        seconds: query.wait ?? 0,
        signal: requestSignal(c, daemon),
      }),
    )
  })
  mount(app, routes.followEvents, async ({ query, c }) => {
    const since = lastEventId(c) ?? query.since ?? 0
    const own = ownEvents(c.var.caller, { since, agent: query.agent })
    return await streamEvents(c, daemon, { ...own, follow: query.follow })
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

/** Whom a message is from: an agent writes as itself, the owner as whom it says. Errors: `forbidden`. */
function senderOf(caller: Caller, given: string | undefined): string {
  if (caller.kind !== 'agent') {
    return given ?? personName
  }
  if (given !== undefined && given !== caller.name) {
    throw forbidden('from', `${caller.name} writes as itself, not as ${given}`)
  }
  return caller.name
}

/**
 * An agent reads what it sent and what it was sent; of any other message it is not even told that
 * there is one. Errors: `message_not_found`.
 */
function checkReader(caller: Caller, { id, agent, from, createdAt }: Message): void {
  if (caller.kind !== 'agent') {
    return
  }
  const isOwn = agent === caller.name || (from === caller.name && createdAt >= caller.createdAt)
  if (!isOwn) {
    throw new DroverError('message_not_found', `id: there is no message ${JSON.stringify(id)}.`, {
      details: { field: 'id' },
    })
  }
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
