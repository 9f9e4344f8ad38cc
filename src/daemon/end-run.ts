import { judgeDeath, type DeathVerdict } from '../core/restart.ts'
import type { ErrorClass } from '../schema/error-class.ts'
import type { AgentRow, MessageRow, RunEnd, RunRow } from '../store/index.ts'
import { getProvider } from './context.ts'
import type { Records } from './records.ts'

/** How a run ended, and what that says of its program. */
export interface RunEnding extends RunEnd {
  /** Class of a failure before its program could say anything. */
  errorClass?: ErrorClass | null
  /** It never began, so nothing can be said of its program. */
  isUnstarted?: boolean
  /** The machine went down under it. */
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
  const isGivenUp = ending.status === 'failed' && run.handle === null
  for (const message of store.messages.listOpen(run.id)) {
    settleMessage(records, message, { run: latest, ending, isGivenUp })
  }
  store.agents.clearRun(run.agent_id, run.id)
  const { status, exitCode, signal, cause } = ending
  records.event(run.agent_id, 'run.ended', { status, exitCode, signal, cause }, run.id)
  const agent = store.agents.get(run.agent_id)
  if (!agent || agent.is_removing === 1 || agent.hold) {
    return
  }
  if (run.stop_reason === 'new' || run.stop_reason === 'restart') {
    store.agents.setWish(agent.id, 'wake')
  } else if (ending.status !== 'stopped' && !ending.isUnstarted) {
    settleDeath(records, agent, latest, ending)
  }
}

interface Ended {
  run: RunRow
  ending: RunEnding
  /** Its program was never up. */
  isGivenUp: boolean
}

/**
 * A message that the program may have acted on fails: another run would act on it again. One that it
 * did not take is given to the next run, a bounded number of times. One that it can't have seen waits.
 */
function settleMessage(
  records: Records,
  message: MessageRow,
  { run, ending, isGivenUp }: Ended,
): void {
  const { store } = records.context
  const { turns } = getProvider(records.context, run.provider).capabilities
  const why = ending.cause ?? ending.status
  const isSeen = message.state === 'delivered' || message.state === 'accepted'
  // Without the machine's last writes nobody knows what was taken.
  const isTaken = message.state === 'accepted' || (isSeen && (!turns || ending.status === 'lost'))
  if (isTaken || message.is_seed === 1) {
    const cause = `the run ended before the turn was over: ${why}`
    records.moveReceipt(message, { state: 'failed', cause })
    return
  }
  const said = isSeen ? 'its program did not take it' : 'its program could not be brought up'
  if (isGivenUp && ending.errorClass === 'config') {
    records.moveReceipt(message, { state: 'failed', cause: `${said}: ${why}` })
    return
  }
  const isTry = (isSeen || isGivenUp) && ending.status !== 'stopped'
  const tries = message.tries + (isTry ? 1 : 0)
  if (isTry && tries >= records.context.specs.get(run.agent_id).lifecycle.tries) {
    const cause = `${said}, ${tries} ${tries === 1 ? 'time' : 'times'}: ${why}`
    records.moveReceipt(message, { state: 'dead', cause })
  } else {
    store.messages.unassign(message.id, tries)
  }
}

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
      policy: specs.get(agent.id).lifecycle.restart,
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
      // A start that failed is not tried again for a wish alone.
      if (ending.status === 'failed' && agent.wish === 'wake') {
        store.agents.setWish(agent.id, null)
      }
  }
}
