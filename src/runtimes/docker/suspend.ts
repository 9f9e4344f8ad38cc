import { DroverError } from '../../schema/error.ts'
import { livenessOf } from './container-watch.ts'
import type { EngineLink } from './engine-link.ts'
import type { DockerHandle } from './handle.ts'

/**
 * Freezes everything in the container where it is; its memory stays. Errors: `suspend_failed`, and
 * those of the engine.
 */
export async function suspendContainer(
  link: EngineLink,
  handle: DockerHandle,
  signal: AbortSignal,
): Promise<void> {
  const life = await link.life(handle.container, signal)
  if (livenessOf(life, handle) === 'dead') {
    throw gone('suspend')
  }
  if (!life.isPaused) {
    const engine = await link.engine(signal)
    await orGone(
      'suspend',
      { link, handle, signal },
      engine.pauseContainer(handle.container, signal),
    )
  }
}

/**
 * Lets it go on. Whoever waits for an answer waits for this: what is known is not asked for, so it is
 * one call. Errors: `resume_failed`, and those of the engine.
 */
export async function resumeContainer(
  link: EngineLink,
  handle: DockerHandle,
  signal: AbortSignal,
): Promise<void> {
  const known = link.watch.get(handle.container)
  if (known && livenessOf(known, handle) === 'dead') {
    throw gone('resume')
  }
  if (!known || known.isPaused) {
    const engine = await link.engine(signal)
    await orGone(
      'resume',
      { link, handle, signal },
      engine.unpauseContainer(handle.container, signal),
    )
  }
}

/** What was refused to a container that is over will never be done. */
async function orGone(
  move: 'suspend' | 'resume',
  { link, handle, signal }: { link: EngineLink; handle: DockerHandle; signal: AbortSignal },
  work: Promise<void>,
): Promise<void> {
  try {
    await work
    link.watch.touch(handle.container)
  } catch (error) {
    link.watch.touch(handle.container)
    if (livenessOf(await link.life(handle.container, signal), handle) === 'dead') {
      throw gone(move)
    }
    throw error
  }
}

function gone(move: 'suspend' | 'resume'): DroverError {
  return new DroverError(`${move}_failed`, 'Its container has ended.')
}
