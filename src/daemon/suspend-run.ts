import type { Handle } from '../runtimes/contract.ts'
import { DroverError } from '../schema/error.ts'
import type { RunRow } from '../store/index.ts'
import { abortable } from '../util/abortable.ts'
import { adopt, findRun, settleRun } from './ask-run.ts'
import { callSignal, getRuntime, referenceOf } from './context.ts'
import { faultPoint } from './fault-point.ts'
import type { Reconciler } from './reconciler.ts'

/** Lets the live run of an agent rest. One that can't is ended, as a sleep ends it. */
export async function suspendRun(reconciler: Reconciler, agentId: string): Promise<void> {
  const run = reconciler.liveRow(agentId)
  faultPoint('run-suspend-requested')
  try {
    const handle = await move(reconciler, run, 'suspend')
    faultPoint('run-suspended')
    reconciler.records.setSuspended(run, handle)
    faultPoint('run-suspension-recorded')
  } catch (error) {
    failSuspension(reconciler, run, error)
  }
}

/** Brings a run back from its rest; its input goes on. One that can't be is lost, and what waits goes to the next. */
export async function resumeRun(reconciler: Reconciler, agentId: string): Promise<void> {
  const run = reconciler.liveRow(agentId)
  faultPoint('run-resume-requested')
  let handle: Handle
  try {
    handle = await move(reconciler, run, 'resume')
  } catch (error) {
    return await failResumption(reconciler, run, error)
  }
  faultPoint('run-resumed')
  reconciler.records.setResumed(run, handle)
  faultPoint('run-resumption-recorded')
  adopt(reconciler.context, reconciler, run.id)
}

const codes = { suspend: 'suspend_failed', resume: 'resume_failed' } as const

/** The time is that of a start: memory may have to be written, or read. */
async function move(
  { context }: Reconciler,
  run: RunRow,
  way: 'suspend' | 'resume',
): Promise<Handle> {
  const runtime = getRuntime(context, run.runtime)
  const call = runtime[way]?.bind(runtime)
  if (!call) {
    throw new DroverError(codes[way], `The ${run.runtime} runtime can't ${way} a run.`)
  }
  const { bootMs } = context.specs.get(run.agent_id).lifecycle
  const signal = callSignal(context, bootMs)
  const handle = JSON.parse(run.handle ?? 'null') as Handle
  return await abortable(call(referenceOf(context, run.id), handle, signal), signal)
}

function failSuspension({ context, records }: Reconciler, { id }: RunRow, error: unknown): void {
  const run = context.store.runs.get(id)
  if (run?.ended_at !== null || context.signal.aborted) {
    return
  }
  if (!isFinal(error)) {
    throw error
  }
  context.log.warn({ err: error, run: id }, 'a run could not be suspended; it is ended')
  // Somebody may have asked for it to be awake meanwhile: then it is.
  if (run.suspension === 'suspending') {
    records.change(run.agent_id, 'relaxed', () => context.store.runs.setStopping(id, 'idle'))
  }
}

async function failResumption(
  reconciler: Reconciler,
  { id }: RunRow,
  error: unknown,
): Promise<void> {
  const { context } = reconciler
  const run = context.store.runs.get(id)
  if (run?.ended_at !== null || context.signal.aborted) {
    return
  }
  if (!isFinal(error)) {
    throw error
  }
  context.log.warn({ err: error, run: id }, 'a run could not be resumed')
  const found = await findRun(context, run)
  if (found.state !== 'suspended') {
    settleRun(reconciler, run, found)
    return
  }
  // It can't say anything any more; what is left of it is released as of every run.
  const cause = error instanceof Error ? error.message : String(error)
  reconciler.finishRun(id, null, { cause: `it could not be resumed: ${cause}` })
}

/** Of anything else nobody knows how far it came; it is tried again. */
function isFinal(error: unknown): boolean {
  return error instanceof DroverError && !error.row.retryable
}
