import { agentStatus } from '../core/agent-status.ts'
import type { AgentView } from '../core/agent-view.ts'
import { AgentSpec, type Agent, type AgentStatus } from '../schema/agent.ts'
import type { Message } from '../schema/message.ts'
import type { AgentListRow, AgentRow, AgentStatusRow, MessageRow, Store } from '../store/index.ts'
import type { DaemonContext } from './context.ts'

/** What decisions about an agent are made from; undefined when it is gone. */
export function readView(
  { store, providers }: Pick<DaemonContext, 'store' | 'providers'>,
  agentId: string,
): AgentView | undefined {
  const row = store.agents.getView(agentId)
  if (!row) {
    return undefined
  }
  return {
    hold: row.hold,
    wish: row.wish,
    isRemoving: row.is_removing === 1,
    run: row.run_status
      ? {
          status: row.run_status,
          turn: row.run_turn ?? 'idle',
          hasHandle: row.has_handle === 1,
          stopReason: row.run_stop_reason,
          hasTurns: providers.get(row.run_provider ?? '')?.capabilities.turns ?? false,
        }
      : null,
    queued: row.queued,
    open: row.open,
    unwritten: row.unwritten,
    unreleased: row.unreleased,
  }
}

/** The agent's one-word status as its rows say now. */
export function readStatus(store: Store, agentId: string): AgentStatus | undefined {
  const row = store.agents.getStatus(agentId)
  return row ? statusOf(row) : undefined
}

export function statusOf(row: AgentStatusRow): AgentStatus {
  return agentStatus({
    hold: row.hold,
    run: row.run_status
      ? {
          status: row.run_status,
          turn: row.run_turn ?? 'idle',
          isUnknown: row.run_is_unknown === 1,
        }
      : null,
    queued: row.queued,
  })
}

export function toAgent(row: AgentListRow, host: string): Agent {
  const spec = JSON.parse(row.spec) as AgentSpec
  const status = statusOf(row)
  return {
    id: row.id,
    name: row.name,
    status,
    cause: causeOf(row),
    provider: spec.provider,
    runtime: spec.runtime,
    host,
    run: row.run_id,
    pid: pidOf(row.run_handle),
    session: row.session,
    model: spec.model ?? null,
    dir: spec.dir,
    template: row.template,
    queued: row.queued,
    turns: row.turns,
    cost: { usd: row.cost_usd, inputTokens: row.input_tokens, outputTokens: row.output_tokens },
    lastRun: row.last_run_id
      ? {
          id: row.last_run_id,
          status: row.last_status ?? 'lost',
          exitCode: row.last_exit_code,
          cause: row.last_cause,
          endedAt: row.last_ended_at,
        }
      : null,
    createdAt: row.created_at,
    activeAt: row.active_at,
  }
}

/** A resting agent whose last run ended badly says so. */
function causeOf(row: AgentListRow): string | null {
  if (row.run_id) {
    return row.run_is_unknown ? 'its runtime can not be asked' : null
  }
  return row.last_status === 'failed' || row.last_status === 'lost'
    ? `last run ${row.last_status}: ${row.last_cause ?? 'no cause on record'}`
    : null
}

function pidOf(handle: string | null): number | null {
  const pid = handle ? (JSON.parse(handle) as { pid?: unknown }).pid : undefined
  return typeof pid === 'number' ? pid : null
}

export function readSpec(agent: Pick<AgentRow, 'spec'>): AgentSpec {
  return AgentSpec.parse(JSON.parse(agent.spec))
}

export function toMessage(row: MessageRow, agentName: string): Message {
  return {
    id: row.id,
    agent: agentName,
    from: row.sender,
    body: row.body,
    state: row.state,
    cause: row.cause,
    reply: row.reply,
    run: row.run_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
