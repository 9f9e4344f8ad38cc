import { agentStatus } from '../core/agent-status.ts'
import type { AgentView, RunView } from '../core/agent-view.ts'
import type { Speech } from '../providers/contract.ts'
import type { Agent, AgentSpec, AgentStatus } from '../schema/agent.ts'
import type { Budget } from '../schema/lifecycle.ts'
import { isFinalReceiptState, type Message } from '../schema/message.ts'
import type { TurnState } from '../schema/run.ts'
import type {
  AgentListRow,
  AgentRow,
  AgentStatusRow,
  AgentViewRow,
  MessageRow,
  Store,
} from '../store/index.ts'
import type { DaemonContext } from './context.ts'
import { isSupervised, unitKey } from './units.ts'

type ViewContext = Pick<
  DaemonContext,
  'store' | 'home' | 'specs' | 'providers' | 'runtimes' | 'admission' | 'attachments' | 'begun'
>

/** What decisions about an agent are made from; undefined when it is gone. */
export function readView(context: ViewContext, agentId: string): AgentView | undefined {
  const { store, specs, admission, attachments } = context
  const row = store.agents.getView(agentId)
  if (!row) {
    return undefined
  }
  const spec = specs.get(agentId)
  const { lifecycle, budget, limits } = spec
  const supervised = isSupervised(context, row, spec)
  const isEphemeral = row.is_ephemeral === 1
  return {
    hold: row.hold,
    wish: row.wish,
    isRemoving: row.is_removing === 1,
    isNew: row.is_new === 1,
    isEphemeral,
    isOverBudget: isOverBudget(row, budget),
    isSupervised: supervised,
    hasUnit: hasUnit(row, spec),
    isFound: row.run_status === null && context.begun.get(agentId) !== undefined,
    parkedUntil: row.parked_until,
    notBefore: row.not_before,
    waiting:
      row.wait_gate === null
        ? null
        : { gate: row.wait_gate, until: row.wait_until, since: row.wait_since ?? 0 },
    admission: row.run_status
      ? null
      : admission.look(agentId, isEphemeral, limits.memoryBytes ?? null),
    attached: attachments.count(agentId),
    awaitedUntil: attachments.awaitedUntil,
    lifecycle,
    run: runOf(context, row),
    queued: row.queued,
    isSteering: row.steering === 1,
    open: row.open,
    openSince: row.open_since,
    unwritten: row.unwritten,
    questions: row.run_questions,
    questionDueAt: row.question_due_at,
    unreleased: row.unreleased,
    task: isEphemeral ? store.messages.taskOf(agentId) : 'open',
  }
}

function runOf(
  context: Pick<DaemonContext, 'providers' | 'runtimes'>,
  row: AgentViewRow,
): RunView | null {
  const can = speechIn(context, row)?.capabilities
  return row.run_status
    ? {
        status: row.run_status,
        turn: turnOf(row),
        hasHandle: row.has_handle === 1,
        stopReason: row.run_stop_reason,
        suspension: row.run_suspension,
        suspendedAt: row.run_suspended_at,
        canSuspend: context.runtimes.get(row.run_runtime ?? '')?.capabilities.snapshot ?? false,
        hasTurns: can?.turns ?? false,
        isGreeted: row.run_is_greeted === 1 || !(can?.handshake ?? false),
        isUnusable: row.run_is_unusable === 1,
        isStale: row.run_is_stale === 1,
        canSteer: can?.steer ?? false,
        isResumed: row.run_is_resumed === 1,
        isBegun: row.run_is_begun === 1,
        isUnknown: row.run_is_unknown === 1,
        readyAt: row.run_ready_at,
        startedAt:
          row.run_started_at === null ? null : row.run_started_at + (row.run_suspended_ms ?? 0),
        activeAt: row.run_active_at ?? row.run_created_at ?? 0,
        background: row.run_background ?? 0,
      }
    : null
}

/** A unit that was made by hand is whole; one of ours must know of the latest. */
function hasUnit(row: AgentViewRow, spec: AgentSpec): boolean {
  return row.is_removing === 1
    ? row.unit !== null
    : !spec.alwaysOn || row.unit === unitKey(row, spec)
}

/** Whatever its turn is at: while a question is open it waits. */
function turnOf(row: Pick<AgentStatusRow, 'run_turn' | 'run_questions'>): TurnState {
  return row.run_questions > 0 ? 'waiting' : (row.run_turn ?? 'idle')
}

/** How the program of its run is spoken to, where there is still such a provider. */
function speechIn(
  { providers }: Pick<DaemonContext, 'providers'>,
  { run_provider: name, run_is_terminal: isTerminal }: AgentViewRow,
): Speech | undefined {
  const provider = providers.get(name ?? '')
  return isTerminal === 1 ? (provider?.terminal ?? provider) : provider
}

/** Whether it has spent what it may spend. */
export function isOverBudget(
  row: Pick<AgentRow, 'cost_usd' | 'input_tokens' | 'output_tokens'>,
  { usd, tokens }: Budget,
): boolean {
  const spentTokens = (row.input_tokens ?? 0) + (row.output_tokens ?? 0)
  return (
    (usd !== undefined && (row.cost_usd ?? 0) >= usd) ||
    (tokens !== undefined && spentTokens >= tokens)
  )
}

/** The agent's one-word status as its rows say now. */
export function readStatus(store: Store, agentId: string): AgentStatus | undefined {
  const row = store.agents.getStatus(agentId)
  return row ? statusOf(row) : undefined
}

export function statusOf(row: AgentStatusRow): AgentStatus {
  return agentStatus({
    hold: row.hold,
    isParked: row.parked_until !== null,
    isWanted: row.queued > 0 || row.wish === 'wake',
    run: row.run_status
      ? {
          status: row.run_status,
          turn: turnOf(row),
          isUnknown: row.run_is_unknown === 1,
          suspension: row.run_suspension,
          isBegun: row.run_is_begun === 1,
        }
      : null,
  })
}

export function toAgent(
  row: AgentListRow,
  { store, attachments }: Pick<DaemonContext, 'store' | 'attachments'>,
): Agent {
  const spec = JSON.parse(row.spec) as AgentSpec
  const status = statusOf(row)
  return {
    id: row.id,
    name: row.name,
    status,
    cause: causeOf(row, spec.budget),
    provider: spec.provider,
    runtime: spec.runtime,
    host: store.host,
    run: row.run_id,
    isSuspended: isSuspended(row),
    pid: pidOf(row.run_handle),
    session: row.session,
    model: spec.model ?? null,
    dir: spec.dir,
    template: row.template,
    // An agent from before there were these has none.
    label: spec.label ?? null,
    tags: spec.tags ?? [],
    capabilities: spec.capabilities ?? [],
    automationId: spec.automationId ?? null,
    queued: row.queued,
    turns: row.turns,
    cost: {
      usd: row.cost_usd,
      inputTokens: row.input_tokens,
      outputTokens: row.output_tokens,
      cachedInputTokens: row.cached_input_tokens,
      reasoningTokens: row.reasoning_tokens,
      estimatedUsd: row.estimated_usd,
      turnsWithoutUsd: row.turns_without_usd,
      turnsWithoutTokens: row.turns_without_tokens,
    },
    lastRun: row.last_run_id
      ? {
          id: row.last_run_id,
          status: row.last_status ?? 'lost',
          exitCode: row.last_exit_code,
          cause: row.last_cause,
          endedAt: row.last_ended_at,
        }
      : null,
    waiting: row.hold ? null : waitingOf(row),
    isEphemeral: row.is_ephemeral === 1,
    questions: row.questions,
    attached: attachments.count(row.id),
    createdAt: row.created_at,
    activeAt: row.active_at,
  }
}

/** Why it is as it is: what holds it, what it waits for, or how its last run ended where that was bad. */
function causeOf(row: AgentListRow, budget: Budget | undefined): string | null {
  if (row.run_id) {
    const rest = isSuspended(row) ? 'suspended' : null
    return row.run_is_unknown
      ? 'its runtime can not be asked'
      : (rest ?? askedText(row, row.run_questions))
  }
  if (row.cause ?? row.wait_cause) {
    return row.cause ?? row.wait_cause
  }
  // An agent from before there were budgets has none.
  if (budget && isOverBudget(row, budget)) {
    return 'it has used up its budget'
  }
  return row.last_status === 'failed' || row.last_status === 'lost'
    ? `last run ${row.last_status}: ${row.last_cause ?? 'no cause on record'}`
    : askedText(row, row.questions)
}

function isSuspended({ run_status: status, run_suspension: suspension }: AgentListRow): boolean {
  return status === 'running' && suspension === 'suspended'
}

/** What it asks a person. */
function askedText({ question_title: title }: AgentListRow, count: number): string | null {
  return count === 0 || title === null
    ? null
    : `asks: ${title}${count > 1 ? `, and ${count - 1} more` : ''}`
}

function waitingOf(row: Omit<Recipient, 'name'>): Agent['waiting'] {
  if (row.parked_until !== null) {
    return { gate: 'parked', cause: row.cause ?? 'out of quota', until: row.parked_until }
  }
  return row.wait_gate === null
    ? null
    : { gate: row.wait_gate, cause: row.wait_cause ?? row.wait_gate, until: row.wait_until }
}

function pidOf(handle: string | null): number | null {
  const pid = handle ? (JSON.parse(handle) as { pid?: unknown }).pid : undefined
  return typeof pid === 'number' ? pid : null
}

/** What a message waits for is its agent's matter, and said once there. */
export type Recipient = Pick<
  AgentRow,
  'name' | 'cause' | 'parked_until' | 'wait_gate' | 'wait_cause' | 'wait_until'
>

export function toMessage(row: MessageRow, recipient: Recipient | undefined): Message {
  const isWaiting = row.run_id === null && !isFinalReceiptState(row.state)
  const waiting = isWaiting && recipient ? waitingOf(recipient) : null
  return {
    id: row.id,
    agent: recipient?.name ?? '',
    from: row.sender,
    body: row.body,
    state: row.state,
    cause: row.cause ?? waiting?.cause ?? null,
    reply: row.reply,
    mode: row.mode,
    entry: row.entry,
    run: row.run_id,
    until: waiting?.until ?? null,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
