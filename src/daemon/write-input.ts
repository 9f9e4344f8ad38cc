import { appendAt, runFiles } from '../runtimes/run-folder.ts'
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
    appendAt(runFiles(reference.folder).in, row.in_offset ?? 0, bytes)
    faultPoint('input-appended')
    if (run.handle !== null) {
      getRuntime(context, run.runtime).notifyInput(reference, bytes.length)
    }
    faultPoint('input-rung')
    records.change(run.agent_id, 'relaxed', () => {
      store.messages.setWritten(row.id)
      live.sent(message)
      if (run.handle !== null) {
        records.moveReceipt(row, { state: 'delivered' })
      }
    })
    faultPoint('input-recorded')
  }
}
