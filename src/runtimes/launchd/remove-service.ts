import { DroverError } from '../../schema/error.ts'
import { waitUntil } from '../../util/wait.ts'
import { exitTimeOutS } from './job.ts'
import type { Launchctl } from '../../util/launchctl.ts'
import { printService } from '../../util/launchd-service.ts'

/** How long a service may take to be gone, ms: launchd's own patience, and then some. */
const removeMs = exitTimeOutS * 1000 + 10_000

/**
 * Takes a service away, which ends all that is left in its group; one that is not there is fine.
 * Resolves when launchd knows it no more. Errors: `stop_failed`.
 */
export async function removeService(
  launchctl: Launchctl,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  const { stderr } = await launchctl.call(['bootout', target], { signal, deadlineMs: removeMs })
  // Its answer does not tell whether it is over: 36 means that it is not, and 5 may mean anything.
  let found: unknown = null
  const isGone = async (): Promise<boolean> => {
    found = await printService(launchctl, target, signal)
    return found === 'absent'
  }
  if (!(await waitUntil(isGone, { deadlineMs: removeMs, signal }))) {
    const why = found === 'silent' ? 'launchd gives no answer' : stderr
    throw new DroverError(
      'stop_failed',
      `launchd did not let go of ${target}${why ? `: ${why}` : '.'}`,
      { details: { service: target } },
    )
  }
}
