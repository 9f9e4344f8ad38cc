import type {
  Handle,
  RunReference,
  TerminalConnection,
  TerminalOptions,
} from '../runtimes/contract.ts'
import { DroverError } from '../schema/error.ts'
import { askDeadlineMs, getRuntime, type DaemonContext } from './context.ts'

/** Whose terminal it is: an agent's run, or a guest. */
export interface TerminalPlace {
  /** Name of the runtime. */
  runtime: string
  run: RunReference
  handle: Handle
}

/**
 * Comes to a terminal within the time that its runtime has for an answer; one that comes later is
 * let go of. Errors: `no_terminal`, `timeout`, `terminal_gone`.
 */
export async function comeToTerminal(
  context: DaemonContext,
  { runtime: name, run, handle }: TerminalPlace,
  options: TerminalOptions,
): Promise<TerminalConnection> {
  const runtime = getRuntime(context, name)
  if (!runtime.openTerminal) {
    throw new DroverError('no_terminal', `${name} has no terminals.`)
  }
  const late = new AbortController()
  const timer = setTimeout(
    () => late.abort(new DroverError('timeout', `${name} did not answer.`)),
    askDeadlineMs,
  )
  try {
    const signal = AbortSignal.any([options.signal, late.signal])
    return await runtime.openTerminal(run, handle, { ...options, signal })
  } finally {
    clearTimeout(timer)
  }
}
