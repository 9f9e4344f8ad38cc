import { stopCauses } from '../core/stop-causes.ts'
import type { Exit } from '../runtimes/contract.ts'
import type { StopReason } from '../schema/run.ts'
import type { RunRow } from '../store/index.ts'
import { referenceOf } from './context.ts'
import { causeOfExit } from './exit-cause.ts'
import { faultPoint } from './fault-point.ts'
import { lastLines } from './last-lines.ts'
import type { Reconciler } from './reconciler.ts'
import { settleInput } from './write-input.ts'

/** What is known of a run that left no record of its end. */
export interface LostRun {
  cause: string
  /** It never began. */
  isUnstarted?: boolean
  /** Nor will another, until a person has mended what the cause says. */
  isRefused?: boolean
  /** The machine went down under it. */
  isMachineFault?: boolean
}

const goneWithoutRecord: LostRun = { cause: 'it is gone and left no record' }

/** The program is gone: reads what it said last, then ends its run. Once only. */
export function finishRun(
  reconciler: Reconciler,
  runId: string,
  exit: Exit | null,
  lost: LostRun = goneWithoutRecord,
): void {
  const { context, records } = reconciler
  const run = context.store.runs.get(runId)
  if (!run || run.ended_at !== null) {
    return
  }
  const live = reconciler.live(run)
  if (!lost.isUnstarted) {
    settleInput(context, records, live)
  }
  live.finish(exit?.code === 0)
  faultPoint('run-read-out')
  reconciler.forget(runId)
  const { folder } = referenceOf(context, runId)
  records.endRun(run, {
    status: finalStatus(run, { exit, lost }),
    exitCode: exit?.code ?? null,
    signal: exit?.signal ?? null,
    cause: causeOfEnd(reconciler, run, { exit, lost }),
    isUnstarted: lost.isUnstarted === true && lost.isRefused !== true,
    ...(lost.isRefused ? { errorClass: 'config' as const } : {}),
    isMachineFault: lost.isMachineFault ?? false,
    lines: lastLines(folder),
    now: context.now(),
  })
  faultPoint('run-ended')
  reconciler.kick(run.agent_id)
}

function causeOfEnd(
  { context }: Reconciler,
  run: RunRow,
  { exit, lost }: { exit: Exit | null; lost: LostRun },
): string | null {
  if (run.is_unusable && run.stop_reason === 'unready') {
    return run.error_message
  }
  if (run.stop_reason) {
    return stopCauses[run.stop_reason]
  }
  return exit ? causeOfExit(context, run, exit) : lost.cause
}

/** Ended by us, but for a failure of the program. */
const failures: ReadonlySet<StopReason> = new Set(['unready', 'wedged'])

function finalStatus(
  { stop_reason: reason }: RunRow,
  { exit, lost }: { exit: Exit | null; lost: LostRun },
): 'stopped' | 'failed' | 'lost' | 'exited' {
  if (reason) {
    return failures.has(reason) ? 'failed' : 'stopped'
  }
  if (exit === null) {
    return lost.isRefused ? 'failed' : 'lost'
  }
  return exit.code === 0 ? 'exited' : 'failed'
}
