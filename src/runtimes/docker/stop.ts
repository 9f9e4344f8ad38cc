import { DroverError } from '../../schema/error.ts'
import type { RunReference, StopOptions } from '../contract.ts'
import { ringEnd } from '../holder/ring-bell.ts'
import { markStopped } from '../holder/stop.ts'
import type { EngineLink } from './engine-link.ts'
import type { DockerHandle } from './handle.ts'

/** How long the first process may take to kill all others and to record that, ms. */
const recordMs = 2000
const killDeadlineMs = 10_000

/** Asks, TERM, KILL, to everything inside; the first process ends last and leaves the record. */
export async function stopContainer(
  link: EngineLink,
  { run, handle }: { run: RunReference; handle: DockerHandle },
  { askMs, graceMs, signal }: StopOptions,
): Promise<void> {
  const { container } = handle
  const isDead = async (deadlineMs: number): Promise<boolean> =>
    await link.untilDead(handle, { deadlineMs, signal })
  if (await isDead(0)) {
    return
  }
  const engine = await link.engine(signal)
  // What is frozen hears nothing.
  if ((await link.life(container, signal)).isPaused) {
    await engine.unpauseContainer(container, signal)
  }
  if (askMs > 0) {
    ringEnd(run)
    if (await isDead(askMs)) {
      return
    }
  }
  markStopped(run)
  await engine.killContainer(container, 'TERM', signal)
  if (graceMs > 0 && (await isDead(graceMs))) {
    return
  }
  await engine.killContainer(container, 'USR1', signal)
  if (await isDead(recordMs)) {
    return
  }
  await killContainer(link, handle, signal)
}

/** Errors: `stop_failed`. */
export async function killContainer(
  link: EngineLink,
  handle: DockerHandle,
  signal: AbortSignal,
): Promise<void> {
  if (await link.untilDead(handle, { deadlineMs: 0, signal })) {
    return
  }
  const engine = await link.engine(signal)
  await engine.killContainer(handle.container, 'KILL', signal)
  if (!(await link.untilDead(handle, { deadlineMs: killDeadlineMs, signal }))) {
    throw new DroverError(
      'stop_failed',
      `Container ${handle.container.slice(0, 12)} did not end, though it was killed.`,
      { details: { container: handle.container } },
    )
  }
}
