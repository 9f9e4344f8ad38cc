import { appendAt, runFiles } from '../runtimes/run-folder.ts'
import { fileSize } from '../util/file-size.ts'
import { getProvider, getRuntime, referenceOf, type DaemonContext } from './context.ts'
import { faultPoint } from './fault-point.ts'
import type { LiveRun } from './live-run.ts'
import type { Records } from './records.ts'

/**
 * Puts the bytes of assigned messages into the input of the live run, in order, each exactly once:
 * their place was decided and stored before, so an interrupted write is completed, not repeated.
 */
export function writeInput(context: DaemonContext, records: Records, live: LiveRun): void {
  const { store } = context
  const run = store.runs.get(live.runId)
  if (!run || run.ended_at !== null) {
    return
  }
  const provider = getProvider(context, run.provider)
  const reference = referenceOf(context, run.id)
  for (const row of store.messages.listOpen(run.id)) {
    if (row.is_written === 1) {
      continue
    }
    const message = { id: row.id, from: row.sender, body: row.body }
    const bytes = Buffer.from(provider.encode(message))
    faultPoint('input-assigned')
    live.hold()
    appendAt(runFiles(reference.folder).in, row.in_offset ?? 0, bytes)
    faultPoint('input-appended')
    if (run.handle !== null) {
      getRuntime(context, run.runtime).notifyInput(reference, bytes.length)
    }
    faultPoint('input-rung')
    try {
      records.change(run.agent_id, 'relaxed', () => {
        store.messages.setWritten(row.id)
        live.sent(message)
        if (run.handle !== null) {
          records.moveReceipt(row, { state: 'delivered' })
        }
      })
    } catch (error) {
      live.reset()
      throw error
    }
    live.letGo()
    faultPoint('input-recorded')
  }
}

/**
 * For a program that ran and is gone: messages that are wholly in its input it may have taken, and
 * they count as delivered, so that no other run takes them again. The rest it can't have seen.
 */
export function settleInput(context: DaemonContext, records: Records, live: LiveRun): void {
  const { store } = context
  const run = store.runs.get(live.runId)
  const open = run
    ? store.messages
        .listOpen(run.id)
        .filter(({ state }) => state === 'stored' || state === 'waking')
    : []
  if (!run || open.length === 0) {
    return
  }
  const provider = getProvider(context, run.provider)
  const size = fileSize(runFiles(referenceOf(context, run.id).folder).in)
  try {
    records.change(run.agent_id, 'relaxed', () => {
      for (const row of open) {
        const message = { id: row.id, from: row.sender, body: row.body }
        if (
          row.is_written === 0 &&
          size >= (row.in_offset ?? 0) + Buffer.byteLength(provider.encode(message))
        ) {
          store.messages.setWritten(row.id)
          live.sent(message)
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
