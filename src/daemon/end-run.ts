import { messageFate, type RunOutcome } from '../core/message-fate.ts'
import { judgeDeath, type DeathVerdict } from '../core/restart.ts'
import type { ErrorClass } from '../schema/error-class.ts'
import type { StopReason } from '../schema/run.ts'
import type { AgentRow, MessageRow, RunEnd, RunRow, Store } from '../store/index.ts'
import { speechOf } from './context.ts'
import { isSupervised } from './units.ts'
import { forwardAnswers } from './questions.ts'
import type { Records } from './records.ts'

/** How a run ended, and what that says of its program. */
export interface RunEnding extends RunEnd {
  /** Class of a failure before its program could say anything. */
  errorClass?: ErrorClass | null
  /** It never began, so nothing can be said of its program. */
  isUnstarted?: boolean
  /** The machine went down under it, or had no room for it. */
  isMachineFault?: boolean
  /** The last lines its program said. */
  lines?: readonly string[]
}

/** Part of the transaction under way. A run that has ended stays as it ended. */
export function endRun(records: Records, run: RunRow, ending: RunEnding): void {
  const { store } = records.context
  if (!store.runs.end(run.id, ending)) {
    return
  }
  const latest = store.runs.get(run.id) ?? run
  const outcome: RunOutcome = {
    status: ending.status,
    isUnstarted: ending.isUnstarted ?? false,
    isGivenUp: ending.status === 'failed' && run.handle === null,
    isMachineFault: ending.isMachineFault ?? false,
    errorClass: ending.errorClass ?? (latest.is_unusable === 1 ? latest.error_class : null),
    tellsTaken: speechOf(records.context, run).capabilities.turns,
  }
  for (const message of store.messages.listOpen(run.id)) {
    settleMessage(records, message, outcome, ending.cause ?? ending.status)
  }
  forwardAnswers(records, run)
  store.inputs.deleteOfRun(run.id)
  settleUngreeted(records, latest, outcome, ending.cause ?? ending.status)
  store.agents.clearRun(run.agent_id, run.id)
  const { status, exitCode, signal, cause } = ending
  records.event(run.agent_id, 'run.ended', { status, exitCode, signal, cause }, run.id)
  const agent = store.agents.get(run.agent_id)
  if (!agent || agent.is_removing === 1 || agent.hold) {
    return
  }
  // What rested was not up: it is not brought up for a changed spec, and no death of it counts.
  const isAtRest = latest.suspension === 'suspended' || latest.suspension === 'resuming'
  const isRenewed = run.stop_reason !== null && renewals.has(run.stop_reason)
  if (isRenewed && !(isAtRest && run.stop_reason === 'reload')) {
    store.agents.setWish(agent.id, 'wake')
  } else if (
    ending.status !== 'stopped' &&
    !ending.isUnstarted &&
    !isAtRest &&
    !isSupervised(records.context, agent, records.context.specs.get(agent.id))
  ) {
    settleDeath(records, agent, latest, ending)
  }
}

/** Ended to be brought up anew. */
const renewals: ReadonlySet<StopReason> = new Set(['new', 'restart', 'reload'])

/** A program that never was ready for a message fails the one that it would have been given. */
function settleUngreeted(records: Records, run: RunRow, outcome: RunOutcome, why: string): void {
  const { context } = records
  const { handshake } = speechOf(context, run).capabilities
  const message = context.store.messages.nextQueued(run.agent_id)
  if (handshake && run.is_greeted === 0 && message && !outcome.isUnstarted) {
    settleMessage(records, message, { ...outcome, isGivenUp: true }, why)
  }
}

function settleMessage(records: Records, message: MessageRow, run: RunOutcome, why: string): void {
  const { store, specs } = records.context
  const { state, tries, is_seed: isSeed } = message
  const { lifecycle } = specs.get(message.agent_id)
  const fate = messageFate({ state, tries, isSeed: isSeed === 1 }, run, lifecycle.tries)
  switch (fate.fate) {
    case 'failed':
      return void records.moveReceipt(message, {
        state: 'failed',
        cause: `${reasons[fate.why]}: ${why}`,
      })
    case 'dead': {
      const times = fate.tries === 1 ? 'once' : `${fate.tries} times`
      return void records.moveReceipt(message, {
        state: 'dead',
        cause: `${reasons[fate.why]}, ${times}: ${why}`,
      })
    }
    case 'again':
      store.messages.unassign(message.id, fate.tries)
  }
}

const reasons = {
  'its turn was not over': 'the run ended before the turn was over',
  'it could not be brought up': 'the program could not be brought up',
  'it did not take it': 'the program did not take it',
} as const

/** A run ended that nobody asked to end: whether its agent comes back, when, or not at all. */
function settleDeath(records: Records, agent: AgentRow, run: RunRow, ending: RunEnding): void {
  const { store, config, specs, now } = records.context
  const verdict = judgeDeath(
    { attempts: agent.attempts, deaths: JSON.parse(agent.deaths) as number[] },
    {
      now: now(),
      livedMs: run.started_at === null ? 0 : now() - run.started_at,
      isSuccess: ending.status === 'exited',
      isMachineFault: ending.isMachineFault ?? false,
      errorClass: ending.errorClass ?? run.error_class,
      retryAt: ending.errorClass ? null : run.error_until,
      policy: hasHadItsTask(store, agent) ? 'never' : specs.get(agent.id).lifecycle.restart,
      random: Math.random(),
    },
    config.restart,
  )
  store.agents.setDeaths(agent.id, {
    attempts: verdict.attempts,
    deaths: JSON.stringify(verdict.deaths),
    not_before: verdict.notBefore,
  })
  applyVerdict(records, agent, verdict, ending)
}

/** An ephemeral agent has nothing to come back for once its one message is final. */
function hasHadItsTask({ messages }: Store, { id, is_ephemeral: isEphemeral }: AgentRow): boolean {
  return isEphemeral === 1 && messages.taskOf(id) !== 'open'
}

function applyVerdict(
  records: Records,
  agent: AgentRow,
  { does, deaths, notBefore, attempts }: DeathVerdict,
  ending: RunEnding,
): void {
  const { store, config } = records.context
  const why = ending.cause ?? ending.status
  switch (does) {
    case 'restart':
      store.agents.setWish(agent.id, 'wake')
      records.event(agent.id, 'agent.restarting', { cause: why, attempt: attempts, at: notBefore })
      return
    case 'quarantine': {
      const seconds = Math.round(config.restart.windowMs / 1000)
      const cause = deaths.length > 1 ? `${deaths.length} deaths within ${seconds} s: ${why}` : why
      store.agents.setHold(agent.id, 'quarantined', cause)
      store.agents.setWait(agent.id, null)
      records.event(agent.id, 'agent.quarantined', { cause, lines: ending.lines ?? [] })
      return
    }
    case 'rest':
      // It was up, or could not come up; a program may end before its start comes back. Neither is
      // tried again for a wish alone.
      if (agent.wish === 'wake') {
        store.agents.setWish(agent.id, null)
      }
  }
}
