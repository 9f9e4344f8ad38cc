import type { WaitGate } from '../core/gates.ts'
import type { RecordStep } from '../core/next-step.ts'
import type { StopReason } from '../schema/run.ts'
import type { AgentRow, RunRow } from '../store/index.ts'
import { createId } from '../util/id.ts'
import { speechOf, willHaveTerminal } from './context.ts'
import { keepTask } from './keep-task.ts'
import { expireQuestions } from './questions.ts'
import type { BegunRun } from './begun-runs.ts'
import type { Records } from './records.ts'
import { refusalOf } from './refusal.ts'
import { giveMessage, toOutgoing } from './run-input.ts'

/** Takes one step of the plan that is rows and nothing else; part of the transaction under way. */
export function takeRecordStep(records: Records, agent: AgentRow, step: RecordStep): void {
  const { store } = records.context
  switch (step.do) {
    case 'create-run':
      return createRun(records, agent)
    case 'assign-message':
      return assignMessage(records, agent)
    case 'refuse-messages':
      return refuseMessages(records, agent)
    case 'request-stop':
      return requestStop(records, agent, step.reason)
    case 'request-suspend':
      return requestSuspend(records, agent)
    case 'request-resume':
      return agent.run_id ? store.suspensions.request(agent.run_id, 'resuming') : undefined
    case 'cancel-run':
      return cancelRun(records, agent)
    case 'clear-wish':
      return clearWish(records, agent)
    case 'unpark':
      store.agents.setParked(agent.id, null)
      return store.agents.setWish(agent.id, 'wake')
    case 'note-wait':
      return noteWait(records, agent, step.gate)
    case 'give-up-wait':
      return giveUpWait(records, agent, step.cause)
    case 'expire-questions':
      return expireQuestions(records, agent)
    case 'remove-task':
      keepTask(records.context, agent)
      return store.agents.setRemoving(agent.id)
  }
}

/**
 * A run on record; its program starts later. It goes on with the session unless a fresh one is due.
 * `begun`: its program runs already, and nobody asked for it.
 */
export function createRun(records: Records, agent: AgentRow, begun?: BegunRun): void {
  const { store, now, specs, admission } = records.context
  const spec = specs.get(agent.id)
  const isTerminal = !begun && willHaveTerminal(records.context, spec)
  const speech = speechOf(records.context, {
    provider: spec.provider,
    is_terminal: isTerminal ? 1 : 0,
  })
  const isResumed =
    begun?.isResumed ?? (speech.capabilities.resume && agent.session !== null && agent.is_new === 0)
  const previous = isResumed && agent.last_run_id ? store.runs.get(agent.last_run_id) : undefined
  const id = begun?.id ?? createId('run')
  const { runtime } = spec
  store.runs.insert({
    id,
    agentId: agent.id,
    runtime,
    provider: spec.provider,
    session: isResumed ? agent.session : null,
    isResumed,
    isTerminal,
    isBegun: begun !== undefined,
    now: now(),
  })
  if (previous?.decoder && speech.carry) {
    const from = (previous.is_terminal === 1) === isTerminal ? 'same' : 'other'
    const state = speech.carry(JSON.parse(previous.decoder) as Record<string, unknown>, from)
    store.runs.setDecoder(id, JSON.stringify(state))
  }
  store.agents.setRun(agent.id, id)
  store.agents.setWait(agent.id, null)
  store.agents.setCause(agent.id, null)
  admission.begin(agent.id, agent.is_ephemeral === 1)
  for (const message of store.messages.listQueued(agent.id)) {
    records.moveReceipt(message, { state: 'waking' })
  }
  records.event(agent.id, 'run.starting', { runtime, provider: spec.provider, isResumed }, id)
  if (!isResumed && spec.initialPrompt !== undefined && !store.messages.hasQueuedSeed(agent.id)) {
    seedRun(records, agent, { runId: id, body: spec.initialPrompt })
  }
}

/** The first thing that a fresh session is told. */
function seedRun(
  records: Records,
  agent: AgentRow,
  { runId, body }: { runId: string; body: string },
): void {
  const { store, now } = records.context
  const id = createId('msg')
  const from = 'drover'
  store.messages.insert({
    id,
    agentId: agent.id,
    sender: from,
    body,
    state: 'waking',
    cause: null,
    isSeed: true,
    rank: 0,
    now: now(),
  })
  records.event(agent.id, 'message.state', { id, state: 'waking', cause: null, from }, runId)
  const run = store.runs.get(runId)
  if (run && !speechOf(records.context, run).capabilities.handshake) {
    giveMessage(records.context, runId, { id, from, body })
  }
}

/** Decides where in the program's input the next message goes; nothing is written yet. */
function assignMessage(records: Records, agent: AgentRow): void {
  const message = records.context.store.messages.nextQueued(agent.id)
  if (message && agent.run_id) {
    const isSteering = message.mode === 'steer'
    giveMessage(records.context, agent.run_id, { ...toOutgoing(message), isSteering })
  }
}

/** Who is given up answers no more: its messages are dead. Who was stopped, or has spent all, refuses. */
function refuseMessages(records: Records, agent: AgentRow): void {
  const refusal = refusalOf(records.context, agent)
  if (!refusal) {
    return
  }
  const state = refusal.code === 'agent_quarantined' ? 'dead' : 'refused'
  const move = { state, cause: refusal.cause } as const
  for (const message of records.context.store.messages.listQueued(agent.id)) {
    records.moveReceipt(message, move)
  }
}

/** Who no longer wants up waits for nothing; who was only told to sleep goes on waiting for its messages. */
function clearWish({ context }: Records, agent: AgentRow): void {
  context.store.agents.setWish(agent.id, null)
  if (agent.wish === 'wake' || context.store.messages.countQueued(agent.id) === 0) {
    context.admission.leave(agent.id)
    context.store.agents.setWait(agent.id, null)
  }
}

/** A wish to sleep is met by this run's end: the next one must not find it. */
function requestStop({ context }: Records, agent: AgentRow, reason: StopReason): void {
  if (agent.run_id) {
    context.store.runs.setStopping(agent.run_id, reason)
  }
  if (agent.wish === 'sleep' || agent.wish === 'suspend') {
    context.store.agents.setWish(agent.id, null)
  }
  const task = reason === 'task' ? context.store.messages.firstOfAgent(agent.id) : undefined
  if (task && task.state !== 'done') {
    const cause = `its task ${task.state === 'failed' ? 'failed' : `is ${task.state}`}`
    context.store.agents.setCause(agent.id, task.cause ? `${cause}: ${task.cause}` : cause)
  }
}

/** With that a wish to sleep is met. */
function requestSuspend({ context: { store } }: Records, agent: AgentRow): void {
  if (agent.run_id) {
    store.suspensions.request(agent.run_id, 'suspending')
  }
  if (agent.wish === 'suspend') {
    store.agents.setWish(agent.id, null)
  }
}

function cancelRun(records: Records, agent: AgentRow): void {
  const { store, now } = records.context
  const run: RunRow | undefined = agent.run_id ? store.runs.get(agent.run_id) : undefined
  if (run) {
    records.endRun(run, {
      status: 'stopped',
      exitCode: null,
      signal: null,
      cause: 'it was stopped before it started',
      isUnstarted: true,
      now: now(),
    })
  }
}

/** It can't come up now: it says so, and keeps its place. */
function noteWait(records: Records, agent: AgentRow, { gate, cause, until }: WaitGate): void {
  const { store, now, admission } = records.context
  const lastRun = agent.last_run_id ? store.runs.get(agent.last_run_id) : undefined
  const said =
    gate === 'parked'
      ? (agent.cause ?? cause)
      : gate === 'backoff'
        ? `${cause}: ${lastRun?.cause ?? 'no cause on record'}`
        : cause
  if (gate === 'admission' || gate === 'queue') {
    admission.wait(agent.id, gate)
  }
  if (gate !== 'parked') {
    store.agents.setCause(agent.id, null)
  }
  store.agents.setWait(agent.id, { gate, cause: said, until, since: now() })
  records.event(agent.id, 'agent.waiting', { gate, cause: said, until })
}

function giveUpWait(records: Records, agent: AgentRow, cause: string): void {
  const { store, admission } = records.context
  admission.leave(agent.id)
  const why = `it waited too long for the machine: ${cause}`
  for (const message of store.messages.listQueued(agent.id)) {
    records.moveReceipt(message, { state: 'failed', cause: why })
  }
  store.agents.setWish(agent.id, null)
  store.agents.setWait(agent.id, null)
  store.agents.setCause(agent.id, why)
}
