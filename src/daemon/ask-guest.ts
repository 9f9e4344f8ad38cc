import type { Handle, Liveness, Recovery } from '../runtimes/contract.ts'
import type { GuestRow } from '../store/index.ts'
import { abortable } from '../util/abortable.ts'
import {
  askDeadlineMs,
  callSignal,
  getRuntime,
  guestReference,
  type DaemonContext,
} from './context.ts'

/** What became of a guest, by its runtime. Never rejects: an answer that does not come is `unknown`. */
export async function askGuest(context: DaemonContext, row: GuestRow): Promise<Recovery> {
  const signal = callSignal(context, askDeadlineMs)
  try {
    const runtime = getRuntime(context, row.runtime)
    const reference = guestReference(context, row.id)
    return await abortable(runtime.recover(reference, handleOf(row), signal), signal)
  } catch (error) {
    context.log.error({ err: error, guest: row.id }, 'a guest could not be asked for')
    return { state: 'unknown', cause: error instanceof Error ? error.message : String(error) }
  }
}

/** One look at a guest that is known to be up. Never rejects. */
export async function inspectGuest(context: DaemonContext, row: GuestRow): Promise<Liveness> {
  const handle = handleOf(row)
  if (handle === null || row.is_unknown === 1) {
    return 'unknown'
  }
  const signal = callSignal(context, askDeadlineMs)
  try {
    return await abortable(getRuntime(context, row.runtime).inspect(handle, signal), signal)
  } catch {
    return 'unknown'
  }
}

/** Null: it is not known yet that it is up. */
export function handleOf({ handle }: Pick<GuestRow, 'handle'>): Handle | null {
  return handle === null ? null : (JSON.parse(handle) as Handle)
}
