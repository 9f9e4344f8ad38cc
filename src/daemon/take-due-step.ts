import { dueStep, fireId, type DueStep } from '../core/due-schedule.ts'
import { DroverError } from '../schema/error.ts'
import { RunRequest } from '../schema/requests.ts'
import type { ScheduleListRow } from '../store/index.ts'
import type { Agents } from './agents.ts'
import type { DaemonContext } from './context.ts'
import { faultPoint } from './fault-point.ts'
import type { ReadCron } from './load-cron.ts'
import type { Mailbox } from './mailbox.ts'
import type { Reconciler } from './reconciler.ts'
import { ScheduleWithdrawn, type FireStep, type ScheduleRecords } from './schedule-records.ts'
import { toScheduleView } from './schedule-views.ts'
import { isStorageFailure } from './storage-failure.ts'

/** What schedules act with. */
export interface ScheduleParts {
  context: DaemonContext
  mailbox: Mailbox
  agents: Agents
  reconciler: Reconciler
  records: ScheduleRecords
}

/** Whom its messages are from: no agent can have such a name. */
const senderOf = ({ name }: ScheduleListRow): string => `schedule:${name}`

/**
 * Takes the step that `core` decides for a schedule, once its time has come. What a fire stores, the
 * advance of the schedule and the event of it are one transaction. Errors: only of a home that
 * can't be written; the time then stays due.
 */
export async function takeDueStep(
  parts: ScheduleParts,
  row: ScheduleListRow,
  readCron: ReadCron,
): Promise<void> {
  const step = decide(parts, row, readCron)
  if (!step) {
    return
  }
  faultPoint('schedule-due')
  if (step.do === 'pass-over') {
    // Found out again by whoever does not find it on disk.
    parts.context.store.transaction('relaxed', () => parts.records.passedOver(row, step))
    faultPoint('schedule-passed-over')
    return
  }
  try {
    await (row.agent_id === null ? makeAgent(parts, row, step) : sendMessage(parts, row, step))
  } catch (error) {
    putDownFailure(parts, row, { step, error })
  }
  faultPoint('schedule-fired')
  if (row.agent_id !== null) {
    parts.reconciler.kick(row.agent_id)
  }
}

/** A line that can't be read any more, since its time zone is gone for instance, fails once and rests. */
function decide(
  { context, records }: ScheduleParts,
  row: ScheduleListRow,
  readCron: ReadCron,
): DueStep | null {
  try {
    return dueStep(toScheduleView(row), readCron(row.cron, row.time_zone), context.now())
  } catch (error) {
    const step: FireStep = { do: 'fire', at: row.next_at ?? context.now(), missed: 0, next: null }
    context.store.transaction('durable', () => records.failed(row, step, { error }))
    return null
  }
}

/** The message as any other: on disk, and then on its way. */
function sendMessage(
  { context, mailbox, records }: ScheduleParts,
  row: ScheduleListRow,
  step: FireStep,
): void {
  context.store.transaction('durable', () => {
    const agent = context.store.agents.get(row.agent_id ?? '')
    if (!agent) {
      throw new DroverError('agent_not_found', 'Its agent is not there any more.')
    }
    const id = fireId(row.id, step.at)
    const put = mailbox.put(agent, { id, body: row.body, from: senderOf(row) })
    if (put.state === 'refused') {
      records.failed(row, step, { error: put.error, message: put.isStored ? id : null })
    } else {
      records.fired(row, step, { message: id })
    }
  })
}

/** The agent's row, its first message and the advance of the schedule are one commit. */
async function makeAgent(
  { agents, records }: ScheduleParts,
  row: ScheduleListRow,
  step: FireStep,
): Promise<void> {
  const request = RunRequest.parse({
    ...(JSON.parse(row.run ?? '{}') as object),
    prompt: row.body,
    requestId: fireId(row.id, step.at),
  })
  await agents.create(request, {
    from: senderOf(row),
    record: ({ name }) => records.fired(row, step, { agent: name }),
  })
}

/** What went wrong is put down, and the schedule goes on. On a full disk nothing can be: the time stays due. */
function putDownFailure(
  { context, records }: ScheduleParts,
  row: ScheduleListRow,
  { step, error }: { step: FireStep; error: unknown },
): void {
  if (error instanceof ScheduleWithdrawn) {
    return
  }
  if (isStorageFailure(error)) {
    throw error
  }
  try {
    context.store.transaction('durable', () => records.failed(row, step, { error }))
  } catch (failure) {
    if (!(failure instanceof ScheduleWithdrawn)) {
      throw failure
    }
  }
}
