import type { DueStep } from '../core/due-schedule.ts'
import { DroverError } from '../schema/error.ts'
import type { EventType } from '../schema/event.ts'
import type { ScheduleOutcome } from '../schema/schedule.ts'
import type { ScheduleListRow } from '../store/index.ts'
import type { DaemonContext } from './context.ts'

export type FireStep = Extract<DueStep, { do: 'fire' }>
export type PassOverStep = Extract<DueStep, { do: 'pass-over' }>

/** What a fire came to: a message for the schedule's agent, or an agent made with one. */
export type Fired = { message: string } | { agent: string }

export interface Failure {
  error: unknown
  /** Id of the message that was stored as refused. */
  message?: string | null
}

/** The schedule was removed, paused or changed while a fire of it was under way. */
export class ScheduleWithdrawn extends Error {
  override readonly name = 'ScheduleWithdrawn'
}

/**
 * What a schedule's steps leave behind: its row moved on, its outcome, an event. Each is part of
 * the transaction under way.
 */
export class ScheduleRecords {
  readonly #context: DaemonContext

  constructor(context: DaemonContext) {
    this.#context = context
  }

  /** Errors: ScheduleWithdrawn, which undoes what the fire stored. */
  fired(row: ScheduleListRow, step: FireStep, fired: Fired): void {
    this.#advance(row, step, { state: 'fired', ...fired })
    const data = { at: step.at, ...fired, missed: step.missed }
    this.event(row, 'schedule.fired', data, 'agent' in fired ? fired.agent : row.agent)
  }

  /** Errors: ScheduleWithdrawn. */
  failed(row: ScheduleListRow, step: FireStep, { error, message = null }: Failure): void {
    const code = error instanceof DroverError ? error.code : 'internal'
    const cause = error instanceof Error ? error.message : String(error)
    this.#advance(row, step, { state: 'failed', code, cause, message })
    this.event(row, 'schedule.failed', { at: step.at, code, cause, message, missed: step.missed })
  }

  passedOver(row: ScheduleListRow, { missed, next }: PassOverStep): void {
    const { count, until } = missed
    const outcome = outcomeOf({ at: until, state: 'missed', missed: count })
    this.#context.store.schedules.setPassedOver(row.id, { nextAt: next, outcome })
    this.event(row, 'schedule.missed', { count, until })
  }

  /** `agent` is who the event is about, beside the schedule. */
  event(
    row: Pick<ScheduleListRow, 'name' | 'agent'>,
    type: EventType,
    data: Record<string, unknown>,
    agent: string | null = row.agent,
  ): void {
    const { store, now } = this.#context
    store.events.append({ type, agent, data: { name: row.name, ...data } }, now())
  }

  /** Only from the very time that was decided on: what came in between goes first. */
  #advance(
    row: ScheduleListRow,
    { at, missed, next }: FireStep,
    outcome: Pick<ScheduleOutcome, 'state'> & Partial<ScheduleOutcome>,
  ): void {
    const { schedules } = this.#context.store
    if (schedules.get(row.id)?.next_at !== row.next_at) {
      throw new ScheduleWithdrawn(row.name)
    }
    schedules.setFired(row.id, { at, nextAt: next, outcome: outcomeOf({ at, missed, ...outcome }) })
  }
}

function outcomeOf(
  outcome: Pick<ScheduleOutcome, 'at' | 'state' | 'missed'> & Partial<ScheduleOutcome>,
): string {
  const whole: ScheduleOutcome = { message: null, agent: null, code: null, cause: null, ...outcome }
  return JSON.stringify(whole)
}
