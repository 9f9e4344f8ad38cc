import { readdirSync } from 'node:fs'
import path from 'node:path'
import { DroverError } from '../../schema/error.ts'
import { waitUntil } from '../../util/wait.ts'
import { callSystemd, type SystemdManager } from '../../util/systemd-manager.ts'
import type { RunReference } from '../contract.ts'
import { isUnitThere } from './manager.ts'
import { readIfThere, readUnitNote } from './unit-files.ts'
import { unitName } from './unit-name.ts'

/** How long a unit whose main process has ended may take by itself: its end is being written down, ms. */
const settleMs = 500

/** How long one that was killed may take to be forgotten, ms. */
const killDeadlineMs = 8000

/** All processes in a run's groups, whatever mark they carry. */
export function findUnitProcesses(run: RunReference): number[] {
  return (readUnitNote(run)?.groups ?? []).flatMap(processesBelow)
}

function processesBelow(group: string): number[] {
  const own = readIfThere(path.join(group, 'cgroup.procs')).split('\n').filter(Boolean).map(Number)
  return [...own, ...groupsIn(group).flatMap(processesBelow)]
}

function groupsIn(group: string): string[] {
  try {
    return readdirSync(group, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => path.join(group, entry.name))
  } catch {
    return []
  }
}

/**
 * Ends all that is left in a run's unit, and resolves when systemd has forgotten it. Who must record
 * its end first has had its time. Errors: `stop_failed`.
 */
export async function releaseUnit(
  manager: SystemdManager,
  run: RunReference,
  signal: AbortSignal,
): Promise<void> {
  const unit = unitName(run)
  const isGone = (): boolean => !isUnitThere(manager, unit)
  if (await waitUntil(isGone, { deadlineMs: settleMs, signal })) {
    return
  }
  const killed = await callSystemd(manager, ['systemctl', 'kill', '--signal=SIGKILL', '--', unit], {
    signal,
  })
  if (await waitUntil(isGone, { deadlineMs: killDeadlineMs, signal })) {
    return
  }
  await callSystemd(manager, ['systemctl', 'stop', '--no-block', '--', unit], { signal })
  const reset = await callSystemd(manager, ['systemctl', 'reset-failed', '--', unit], { signal })
  if (!(await waitUntil(isGone, { deadlineMs: killDeadlineMs, signal }))) {
    const why = killed.stderr || reset.stderr
    throw new DroverError(
      'stop_failed',
      `The unit ${unit} did not end, though it was killed${why ? `: ${why}` : '.'}`,
      { details: { unit } },
    )
  }
}
