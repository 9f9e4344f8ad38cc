import type { Agent } from '../schema/agent.ts'
import type { Message } from '../schema/message.ts'
import type { AgentRow } from '../store/index.ts'
import type { DaemonContext } from './context.ts'
import { toAgent, toMessage } from './views.ts'

/** What an ephemeral agent answered is kept when it goes, for who asks later. Part of the transaction under way. */
export function keepTask(context: DaemonContext, agent: AgentRow): void {
  const { store, now } = context
  const message = store.messages.firstOfAgent(agent.id)
  const listed = store.agents.getListed(agent.id)
  if (message && listed) {
    store.tasks.insert({
      request_id: agent.request_id,
      agent_id: agent.id,
      name: agent.name,
      agent: JSON.stringify(toAgent(listed, context)),
      message_id: message.id,
      message: JSON.stringify(toMessage(message, agent)),
      ended_at: now(),
    })
  }
}

/** The agent and its message as they were when it went. */
export interface KeptTask {
  agent: Agent
  message: Message
}

/** A task that is done, by the request that made it or by its message. */
export function findTask(
  { store }: Pick<DaemonContext, 'store'>,
  by: { requestId: string } | { messageId: string },
): KeptTask | undefined {
  const row =
    'requestId' in by
      ? store.tasks.getByRequest(by.requestId)
      : store.tasks.getByMessage(by.messageId)
  return (
    row && { agent: JSON.parse(row.agent) as Agent, message: JSON.parse(row.message) as Message }
  )
}
