import { setImmediate } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { CronTimes } from '../core/cron-times.ts'
import { AgentName } from '../schema/agent-name.ts'
import { DroverError } from '../schema/error.ts'
import { RunRequest } from '../schema/requests.ts'
import type { Schedule, ScheduleRequest } from '../schema/schedule.ts'
import type { AgentRow, ScheduleListRow } from '../store/index.ts'
import { createId } from '../util/id.ts'
import type { Agents } from './agents.ts'
import { checkRunRequest } from './check-run-request.ts'
import type { DaemonContext } from './context.ts'
import { loadCron, type ReadCron } from './load-cron.ts'
import type { Mailbox } from './mailbox.ts'
import type { Reconciler } from './reconciler.ts'
import { ScheduleRecords } from './schedule-records.ts'
import { ScheduleRunner } from './schedule-runner.ts'
import { readScheduleRun, toSchedule } from './schedule-views.ts'
import type { Templates } from './templates.ts'

/** Schedules that are shown before requests have their turn again: their times to come take long. */
const portion = 50

/** What schedules are kept and fired with. */
export interface SchedulesParts {
  context: DaemonContext
  reconciler: Reconciler
  templates: Templates
  mailbox: Mailbox
  agents: Agents
}

/** When a schedule fires, found good. */
interface CheckedLine {
  cron: string
  timeZone: string
  times: CronTimes
}

interface CheckedSchedule extends CheckedLine {
  request: ScheduleRequest
  agentId: string | null
}

/** What clients can ask of schedules. Each change is one durable transaction. */
export class Schedules {
  readonly #context: DaemonContext
  readonly #templates: Templates
  readonly #records: ScheduleRecords
  readonly #runner: ScheduleRunner

  constructor({ context, reconciler, templates, mailbox, agents }: SchedulesParts) {
    this.#context = context
    this.#templates = templates
    this.#records = new ScheduleRecords(context)
    this.#runner = new ScheduleRunner({
      context,
      mailbox,
      agents,
      reconciler,
      records: this.#records,
    })
  }

  /** Begins nothing more. */
  close(): void {
    this.#runner.close()
  }

  /** Resolves when no fire is under way. */
  async ended(): Promise<void> {
    await this.#runner.ended()
  }

  /** Fires what is due, and waits for what comes next. For the start, and for who knows that the clock was set. */
  look(): void {
    this.#runner.look()
  }

  /**
   * Makes a schedule. The same again answers with the first one. Errors: `invalid_schedule`,
   * `name_taken` (there is another of that name), `agent_not_found`, and those of what a fresh agent
   * is made from.
   */
  async create(request: ScheduleRequest): Promise<Schedule> {
    const line = await this.#check(request)
    // From here on nothing waits, so nothing can come in between.
    const checked = { ...line, request, agentId: this.#findAgent(request)?.id ?? null }
    const before = this.#context.store.schedules.getByName(request.name)
    if (before && !isSame(before, checked)) {
      throw new DroverError(
        'name_taken',
        `name: there is another schedule ${JSON.stringify(request.name)} already.`,
        { details: { field: 'name', name: request.name } },
      )
    }
    if (!before) {
      this.#insert(checked)
      this.#runner.look()
    }
    return toSchedule(this.#get(request.name), line.times)
  }

  async list(): Promise<Schedule[]> {
    const { schedules } = this.#context.store
    if (!schedules.isAny()) {
      return []
    }
    const { readCron } = await loadCron()
    const listed: Schedule[] = []
    for (const row of schedules.list()) {
      listed.push(toSchedule(row, timesOf(row, readCron)))
      if (listed.length % portion === 0) {
        await setImmediate()
      }
    }
    return listed
  }

  /** Errors: `schedule_not_found`. */
  async show(name: string): Promise<Schedule> {
    const { readCron } = await loadCron()
    const row = this.#get(name)
    return toSchedule(row, timesOf(row, readCron))
  }

  /** Errors: `schedule_not_found`. */
  remove(name: string): void {
    const row = this.#get(name)
    this.#context.store.transaction('durable', () => {
      this.#context.store.schedules.delete(row.id)
      this.#records.event(row, 'schedule.removed', { cause: null })
    })
  }

  /** Times that pass from now on are not missed; they never were to be. Errors: `schedule_not_found`. */
  async pause(name: string): Promise<Schedule> {
    const row = this.#get(name)
    if (row.is_paused === 0) {
      this.#setPaused(row, true, null)
    }
    return await this.show(name)
  }

  /** Goes on with the first time that is to come. Errors: `schedule_not_found`. */
  async resume(name: string): Promise<Schedule> {
    const { readCron } = await loadCron()
    const row = this.#get(name)
    if (row.is_paused === 1) {
      const now = this.#context.now()
      const times = readCron(row.cron, row.time_zone)
      this.#setPaused(row, false, times.next(Math.max(now, row.last_at ?? now)))
      this.#runner.look()
    }
    return await this.show(name)
  }

  #setPaused(row: ScheduleListRow, isPaused: boolean, nextAt: number | null): void {
    this.#context.store.transaction('durable', () => {
      this.#context.store.schedules.setPaused(row.id, isPaused, nextAt)
      this.#records.event(row, isPaused ? 'schedule.paused' : 'schedule.resumed', {})
    })
  }

  #get(name: string): ScheduleListRow {
    const row = AgentName.safeParse(name).success
      ? this.#context.store.schedules.getByName(name)
      : undefined
    if (!row) {
      throw new DroverError(
        'schedule_not_found',
        `There is no schedule ${JSON.stringify(name.slice(0, 80))}.`,
        { details: { field: 'name' } },
      )
    }
    return row
  }

  /** All that can be known to be wrong before the first time comes. */
  async #check(request: ScheduleRequest): Promise<CheckedLine> {
    const { readCron, normaliseCron } = await loadCron()
    const timeZone = request.timeZone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone
    const times = readCron(request.cron, timeZone)
    const cron = normaliseCron(request.cron)
    if (times.next(this.#context.now()) === null) {
      throw new DroverError('invalid_schedule', `cron: ${JSON.stringify(cron)} never comes.`, {
        details: { field: 'cron' },
      })
    }
    if (request.run) {
      const run = RunRequest.parse({ ...request.run, prompt: request.body })
      await checkRunRequest(this.#context, this.#templates, run)
    }
    return { cron, timeZone, times }
  }

  #findAgent({ agent: name }: ScheduleRequest): AgentRow | null {
    if (name === undefined) {
      return null
    }
    const row = AgentName.safeParse(name).success
      ? this.#context.store.agents.getByName(name)
      : undefined
    if (!row) {
      throw new DroverError(
        'agent_not_found',
        `agent: there is no agent ${JSON.stringify(name.slice(0, 80))}.`,
        { details: { field: 'agent' } },
      )
    }
    return row
  }

  #insert({ request, cron, timeZone, times, agentId }: CheckedSchedule): void {
    const { store, now } = this.#context
    const { name, missed, body, run, agent = null } = request
    store.transaction('durable', () => {
      store.schedules.insert({
        id: createId('sch'),
        name,
        cron,
        timeZone,
        missed,
        body,
        agentId,
        run: run ? JSON.stringify(run) : null,
        nextAt: times.next(now()),
        now: now(),
      })
      const data = { cron, timeZone, missed, template: run?.template ?? null }
      this.#records.event({ name, agent }, 'schedule.created', data)
    })
  }
}

/** Null for a line that can't be read any more: it has no times to come. */
function timesOf(row: ScheduleListRow, readCron: ReadCron): CronTimes | null {
  try {
    return readCron(row.cron, row.time_zone)
  } catch {
    return null
  }
}

function isSame(
  row: ScheduleListRow,
  { request, cron, timeZone, agentId }: CheckedSchedule,
): boolean {
  return (
    row.cron === cron &&
    row.time_zone === timeZone &&
    row.missed === request.missed &&
    row.body === request.body &&
    row.agent_id === agentId &&
    isDeepStrictEqual(row.run === null ? undefined : readScheduleRun(row.run), request.run)
  )
}
