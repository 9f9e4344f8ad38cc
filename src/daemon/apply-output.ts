import type { ProviderEvent } from '../providers/contract.ts'
import type { MessageRow, RunRow } from '../store/index.ts'
import { isWorthParking, parkedUntil } from '../core/parking.ts'
import { speechOf, type DaemonContext } from './context.ts'
import { closeQuestion, takeQuestion } from './questions.ts'
import type { Records } from './records.ts'
import { recordCost } from './record-cost.ts'
import { tellRun } from './run-input.ts'

/** What a provider tells that is no event of the agent's under the same name. */
type SilentEvent =
  | 'ready'
  | 'input'
  | 'transcript'
  | 'unusable'
  | 'accepted'
  | 'limited'
  | 'background'
  | 'question'
  | 'question.closed'

/** Longest answer kept with its message, characters; the events have all of it. */
const longestReply = 256 * 1024

/**
 * Makes rows and events of what a program said; part of the transaction under way, which also
 * stores how far its output was read.
 */
export function applyOutput(
  context: DaemonContext,
  records: Records,
  run: RunRow,
  events: readonly ProviderEvent[],
): void {
  const { store, now } = context
  const name = store.agents.getName(run.agent_id) ?? null
  const { turns } = speechOf(context, run).capabilities
  const append = (
    type: Exclude<ProviderEvent['type'], SilentEvent>,
    data: Record<string, unknown>,
  ): void => store.events.append({ type, agent: name, run: run.id, data }, now())
  for (const event of events) {
    switch (event.type) {
      case 'ready':
        store.runs.setGreeted(run.id)
        break
      case 'input':
        tellRun(store, run.id, event.text)
        break
      case 'transcript':
        store.runs.setTranscript(run.id, event)
        break
      case 'unusable':
        store.runs.setUnusable(run.id)
        fail(event)
        break
      case 'question':
        // Who asks about a message has taken it.
        if (store.messages.countOpen(run.id).open > 0) {
          becomeReady()
        }
        takeQuestion(records, run, event)
        break
      case 'question.closed':
        closeQuestion(records, run, event.id)
        break
      case 'session':
        store.runs.setSession(run.id, event.session)
        store.agents.setSession(run.agent_id, event.session)
        append('session', { session: event.session })
        break
      case 'accepted':
        becomeReady()
        moveOwn(event.message, (message) => {
          if (message.entry === 'steered' && event.joined === false) {
            store.messages.setEntry(message.id, 'turn')
          }
          records.moveReceipt(message, { state: 'accepted' })
        })
        break
      case 'turn.started':
        becomeReady()
        store.runs.setTurn(run.id, 'working', now())
        append('turn.started', { message: event.message })
        break
      case 'turn.ended':
        becomeReady()
        endTurn(event)
        break
      case 'limited':
        park(event)
        break
      case 'background':
        store.runs.setBackground(run.id, event.jobs)
        append('status', { status: 'background', detail: String(event.jobs) })
        break
      case 'error':
        fail(event)
        break
      default: {
        const { type, ...data } = event
        append(type, data)
      }
    }
  }

  /** The first sign that the program takes what it is given; one without turns gives none. */
  function becomeReady(): void {
    if (run.ready_at === null && turns) {
      run.ready_at = now()
      records.setReady(run)
      store.afterCommit(() => context.admission.up(run.agent_id, true))
    }
  }

  /** The last failure counts when the program dies of it; one that a good turn followed is over. */
  function fail(error: Extract<ProviderEvent, { type: 'error' | 'unusable' }>): void {
    const { class: errorClass, message, retryAt = null } = error
    store.runs.setError(run.id, { class: errorClass, message, retryAt })
    append('error', { class: errorClass, message, retryAt })
  }

  /** Out of quota until a known time: it sleeps until then, at its next turn boundary. */
  function park({ until, cause }: Extract<ProviderEvent, { type: 'limited' }>): void {
    const { parking } = context.specs.get(run.agent_id).lifecycle
    if (parking && isWorthParking(until, now())) {
      const at = parkedUntil(until, now(), Math.random())
      store.agents.setParked(run.agent_id, at, cause)
      records.event(run.agent_id, 'agent.parked', { cause, until: at }, run.id)
    }
  }

  function moveOwn(id: string, move: (message: MessageRow) => void): void {
    const message = store.messages.get(id)
    if (message?.run_id === run.id) {
      move(message)
    }
  }

  function endTurn(event: Extract<ProviderEvent, { type: 'turn.ended' }>): void {
    const { message: id, error, durationMs } = event
    const reply = event.reply.slice(0, longestReply)
    const { cost, model, problems } = recordCost(context, run, event)
    for (const problem of problems) {
      append('status', { status: 'unmeasured', detail: `the program reported ${problem}` })
    }
    append('turn.ended', { message: id, reply, error, cost, model, durationMs })
    if (error === null) {
      store.runs.setError(run.id, null)
    }
    if (id !== null) {
      moveOwn(id, (message) =>
        records.moveReceipt(
          message,
          error === null ? { state: 'done', reply } : { state: 'failed', cause: error },
        ),
      )
    }
    if (store.messages.countOpen(run.id).open === 0) {
      store.runs.setTurn(run.id, 'idle', now())
    }
  }
}
