import type { Daemon } from '../daemon/index.ts'
import { DroverError } from '../schema/error.ts'
import type { Message } from '../schema/message.ts'
import { personName } from '../schema/requests.ts'
import { forbidden, type Caller } from './access.ts'
import { answerJson } from './answer.ts'
import { mount, type ApiApp } from './route.ts'
import { routes } from './routes.ts'
import { requestSignal } from './streams.ts'

/** Routes of messages. */
export function mountMessageRoutes(app: ApiApp, daemon: Daemon): void {
  const { mailbox } = daemon
  mount(app, routes.sendMessage, async ({ params, query, body, c }) => {
    const from = senderOf(c.var.caller, body.from)
    const message = await mailbox.accept(params.name, { ...body, from })
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
  mount(app, routes.getMessage, async ({ params, query, c }) => {
    checkReader(c.var.caller, mailbox.show(params.id))
    return answerJson(
      c,
      await mailbox.await(params.id, {
        seconds: query.wait ?? 0,
        signal: requestSignal(c, daemon),
      }),
    )
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
