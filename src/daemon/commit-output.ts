import type { ProviderEvent } from '../providers/contract.ts'
import type { RunProgress, RunRow } from '../store/index.ts'
import { applyOutput } from './apply-output.ts'
import type { DaemonContext } from './context.ts'
import type { Records } from './records.ts'

/** What a run's program said, and how far it is read with that. */
export interface ReadOutput {
  run: RunRow
  events: readonly ProviderEvent[]
  progress: RunProgress
}

/**
 * Puts down, in one transaction, what a program said, what follows from it and how far it was read.
 * Returns whether the agent's status or next step may be another now.
 */
export function commitOutput(
  context: DaemonContext,
  records: Records,
  { run, events, progress }: ReadOutput,
): boolean {
  const { store, now } = context
  const changesState = events.some(({ type }) => stateEvents.has(type))
  const write = (): void => {
    // First the progress: an event may say where another file is to be read from.
    store.runs.setProgress(run.id, progress)
    applyOutput(context, records, run, events)
    if (changesState) {
      store.agents.touch(run.agent_id, now())
    }
  }
  if (changesState) {
    records.change(run.agent_id, 'relaxed', write)
  } else {
    store.transaction('relaxed', write)
  }
  return changesState
}

/** Events after which the agent's status or next step may be another. */
const stateEvents: ReadonlySet<ProviderEvent['type']> = new Set([
  'ready',
  'input',
  'transcript',
  'unusable',
  'question',
  'question.closed',
  'session',
  'accepted',
  'turn.started',
  'turn.ended',
  'limited',
  'background',
])
