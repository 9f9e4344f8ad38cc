import { DroverError } from '../../schema/error.ts'
import { abortable } from '../../util/abortable.ts'
import type { RunReference, StopOptions } from '../contract.ts'
import type { FakeHandle } from './handle.ts'
import { isAlive } from './recover.ts'
import type { FakeCall } from './start.ts'

/**
 * Ask, TERM, KILL, one right after the other: a fake program has acted on what reached it when the
 * call returns, so there is nothing to wait for. Errors: `stop_failed`.
 */
export async function stopFake(
  run: RunReference,
  handle: FakeHandle,
  { machine, faults, signal, askMs }: FakeCall & Pick<StopOptions, 'askMs'>,
): Promise<void> {
  if (faults.take('stop-throws')) {
    throw new DroverError('stop_failed', 'The fake runtime was told that a stop throws.')
  }
  if (faults.take('stop-hangs')) {
    await abortable(new Promise<never>(() => undefined), signal)
  }
  if (askMs > 0 && isAlive(machine, handle)) {
    machine.endInput(run.id)
  }
  if (isAlive(machine, handle)) {
    machine.signal(run.id, 'SIGTERM')
  }
  machine.signal(run.id, 'SIGKILL')
}
