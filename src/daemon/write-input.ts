import { appendAt, runFiles } from '../runtimes/run-folder.ts'
import { fileSize } from '../util/file-size.ts'
import { isNotPlain } from '../util/plain-file.ts'
import type { RunRow } from '../store/index.ts'
import { getRuntime, referenceOf, type DaemonContext } from './context.ts'
import { faultPoint } from './fault-point.ts'
import type { LiveRun } from './live-run.ts'
import type { Records } from './records.ts'
import { messageBytes, toOutgoing } from './run-input.ts'

/** Bytes whose place in a run's input is decided, and what is put down once they are there. */
interface Portion {
  offset: number
  bytes: Buffer
  record: () => void
}

/**
 * Puts what a run was given into its input, in order, each exactly once: the places were decided
 * and stored before, so an interrupted write is completed, not repeated. A run whose program put
 * something else in the place of its input is ended.
 */
export function writeInput(context: DaemonContext, records: Records, live: LiveRun): void {
  const { store } = context
  const run = store.runs.get(live.runId)
  if (!run || run.ended_at !== null) {
    return
  }
  const reference = referenceOf(context, run.id)
  for (const { offset, bytes, record } of portionsOf(records, run, live)) {
    faultPoint('input-assigned')
    live.hold()
    try {
      appendAt(runFiles(reference.folder).in, offset, bytes)
    } catch (error) {
      live.letGo()
      if (!isNotPlain(error)) {
        throw error
      }
      return giveUp(records, run, error as Error)
    }
    faultPoint('input-appended')
    if (run.handle !== null) {
      getRuntime(context, run.runtime).notifyInput(reference, bytes.length)
    }
    faultPoint('input-rung')
    try {
      records.change(run.agent_id, 'relaxed', record)
    } catch (error) {
      live.reset()
      throw error
    }
    live.letGo()
    faultPoint('input-recorded')
  }
}

/** It can be told nothing any more. What it was given is left to the next run. */
function giveUp(records: Records, run: RunRow, { message }: Error): void {
  const { store } = records.context
  records.change(run.agent_id, 'relaxed', () => {
    store.runs.setUnusable(run.id)
    store.runs.setError(run.id, { class: 'crash', message, retryAt: null })
    store.runs.setStopping(run.id, 'unready')
  })
}

/** Whether something was given to a run whose bytes are not known to be in its input. */
export function hasUnwritten({ store }: Pick<DaemonContext, 'store'>, runId: string): boolean {
  return (
    store.inputs.listOfRun(runId).length > 0 ||
    store.messages.listOpen(runId).some((row) => row.is_written === 0)
  )
}

/** What is not known to be in the input, in its order. */
function portionsOf(records: Records, run: RunRow, live: LiveRun): Portion[] {
  const { context } = records
  const { store } = context
  const messages = store.messages
    .listOpen(run.id)
    .filter((row) => row.is_written === 0)
    .map((row): Portion => ({
      offset: row.in_offset ?? 0,
      bytes: messageBytes(context, run, row),
      record: () => {
        store.messages.setWritten(row.id)
        live.sent(toOutgoing(row))
        if (run.handle !== null) {
          records.moveReceipt(row, { state: 'delivered' })
        }
      },
    }))
  const others = store.inputs
    .listOfRun(run.id)
    .map(({ seq, in_offset: offset, text }): Portion => ({
      offset,
      bytes: Buffer.from(text),
      record: () => store.inputs.delete(seq),
    }))
  return [...messages, ...others].toSorted((one, other) => one.offset - other.offset)
}

/**
 * For a program that ran and is gone: messages that are wholly in its input it may have taken, and
 * they count as delivered, so that no other run takes them again; so it is with answers to its
 * questions. The rest it can't have seen.
 */
export function settleInput(context: DaemonContext, records: Records, live: LiveRun): void {
  const { store } = context
  const run = store.runs.get(live.runId)
  if (!run) {
    return
  }
  const open = store.messages
    .listOpen(run.id)
    .filter(({ state }) => state === 'stored' || state === 'waking')
  const others = store.inputs.listOfRun(run.id)
  if (open.length === 0 && others.length === 0) {
    return
  }
  const size = fileSize(runFiles(referenceOf(context, run.id).folder).in)
  try {
    records.change(run.agent_id, 'relaxed', () => {
      for (const { seq, in_offset: offset, text } of others) {
        if (size >= offset + Buffer.byteLength(text)) {
          store.inputs.delete(seq)
        }
      }
      for (const row of open) {
        if (
          row.is_written === 0 &&
          size >= (row.in_offset ?? 0) + messageBytes(context, run, row).length
        ) {
          store.messages.setWritten(row.id)
          live.sent(toOutgoing(row))
          records.moveReceipt(row, { state: 'delivered' })
        } else if (row.is_written === 1) {
          records.moveReceipt(row, { state: 'delivered' })
        }
      }
    })
  } catch (error) {
    live.reset()
    throw error
  }
}
