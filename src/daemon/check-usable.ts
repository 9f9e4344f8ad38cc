import type { Runtime } from '../runtimes/contract.ts'
import { DroverError } from '../schema/error.ts'
import { askDeadlineMs, callSignal, type DaemonContext } from './context.ts'

/** Runtimes that were usable once in the life of this process: they are not asked for each agent. */
const usable = new WeakSet<Runtime>()

/** Whether a runtime can be used on this machine. Errors: `runtime_unavailable`, with the way out. */
export async function checkUsable(
  context: Pick<DaemonContext, 'signal'>,
  runtime: Runtime,
): Promise<void> {
  if (usable.has(runtime)) {
    return
  }
  const { usable: isUsable, detail, hint } = await runtime.probe(callSignal(context, askDeadlineMs))
  if (!isUsable) {
    const said = [`runtime: ${runtime.name} can't be used here: ${detail}.`, hint]
    throw new DroverError('runtime_unavailable', said.filter((part) => part !== null).join(' '), {
      details: { field: 'runtime' },
    })
  }
  usable.add(runtime)
}
