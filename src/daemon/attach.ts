import type { AgentVerbs } from './agent-verbs.ts'
import { getAgentByName } from './context.ts'
import type { Reconciler } from './reconciler.ts'

/** Somebody who is with an agent. */
export interface Attachment {
  /** The agent's name. */
  agent: string
  /** Number of the last event before they came. */
  since: number
  /** Number of the last event before the agent was made; another had its name until then. */
  firstSeq: number
  /** The agent was removed: there is nobody to be with. */
  isOver: () => boolean
  /** They are gone. Called once. */
  leave: () => void
}

export interface AttachOptions {
  /** They were here before, and their connection was lost: nothing is woken for that. */
  isBack: boolean
  signal: AbortSignal
}

/**
 * Takes somebody in with an agent and brings it up; no rule of its own puts it to sleep until they
 * leave. Its idle time begins when they do. Errors: as `wake` where they were not here before.
 */
export async function attach(
  { reconciler, verbs }: { reconciler: Reconciler; verbs: AgentVerbs },
  name: string,
  { isBack, signal }: AttachOptions,
): Promise<Attachment> {
  const { store, hub, attachments } = reconciler.context
  const { id, name: agent, first_seq: firstSeq } = getAgentByName(reconciler.context, name)
  const since = hub.lastSeq
  attachments.add(id)
  try {
    if (!isBack) {
      await verbs.wake(agent, {}, { seconds: 0, signal })
    }
    tell(reconciler, id, 'agent.attached')
  } catch (error) {
    attachments.remove(id)
    throw error
  }
  return {
    agent,
    since,
    firstSeq,
    isOver: () => !store.agents.get(id),
    leave: () => leave(reconciler, id),
  }
}

/** Counts somebody who is with an agent already, and who did not count for a time. Returns their leave, called once. */
export function attachAgain(reconciler: Reconciler, agentId: string): () => void {
  const { attachments } = reconciler.context
  attachments.add(agentId)
  try {
    tell(reconciler, agentId, 'agent.attached')
  } catch (error) {
    attachments.remove(agentId)
    throw error
  }
  return () => leave(reconciler, agentId)
}

/** Its rules apply again, though what is said of it may not be stored. */
function leave(reconciler: Reconciler, agentId: string): void {
  const { store, now, log, attachments } = reconciler.context
  attachments.remove(agentId)
  const agent = store.agents.get(agentId)
  if (!agent) {
    return
  }
  try {
    tell(reconciler, agentId, 'agent.detached', () => {
      if (agent.run_id) {
        store.runs.touch(agent.run_id, now())
      }
    })
  } catch (error) {
    log.error({ err: error, agent: agentId }, 'that somebody left could not be stored')
  }
  reconciler.kick(agentId)
}

function tell(
  { records, context }: Reconciler,
  agentId: string,
  type: 'agent.attached' | 'agent.detached',
  work: () => void = () => undefined,
): void {
  records.change(agentId, 'relaxed', () => {
    work()
    records.event(agentId, type, { attached: context.attachments.count(agentId) })
  })
}
