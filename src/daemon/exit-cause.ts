import type { Exit } from '../runtimes/contract.ts'
import type { RunRow } from '../store/index.ts'
import { getRuntime, referenceOf, type DaemonContext } from './context.ts'
import { lastErrorLine } from './last-lines.ts'

/** How a program ended, in words, with the last line it said on stderr where it failed. */
export function causeOfExit(
  context: Pick<DaemonContext, 'runtimes' | 'store' | 'home'>,
  run: Pick<RunRow, 'id' | 'runtime'>,
  exit: Exit,
): string | null {
  if (exit.code === 0) {
    return null
  }
  const reference = referenceOf(context, run.id)
  const how =
    getRuntime(context, run.runtime).explainExit?.(reference, exit) ??
    (exit.signal ? `ended by ${exit.signal}` : `exit code ${exit.code}`)
  const last = lastErrorLine(reference.folder)
  return last ? `${how}: ${last}` : how
}
