import { existsSync } from 'node:fs'
import { waitUntil } from '../../util/wait.ts'
import { callSystemd, type SystemdManager } from '../../util/systemd-manager.ts'
import type { Recovery, RunReference } from '../contract.ts'
import { recoverKnown, recoverUnknown } from '../holder/recover.ts'
import { readExit } from '../run-folder.ts'
import type { SystemdHandle } from './handle.ts'
import { isUnitThere } from './manager.ts'
import { findUnitProcesses } from './stop.ts'
import { readUnitNote } from './unit-files.ts'
import { unitName } from './unit-name.ts'

/** How long the end of a unit may take to be written down until it is said that nobody knows yet, ms. */
const endingMs = 2000

/** How long systemd may take to say what a unit does, ms. */
const answerMs = 5000

interface Search {
  manager: SystemdManager
  run: RunReference
  handle: SystemdHandle | null
  signal: AbortSignal
}

/** Finds a run again. Most often the record and /proc are enough; systemd is asked only about an end without record. */
export async function recoverUnit(search: Search): Promise<Recovery> {
  const { run, handle, signal } = search
  if (handle && !isOfRun(run, handle)) {
    return { state: 'lost', cause: 'its handle is of another start' }
  }
  const found = handle
    ? await recoverKnown(run, handle)
    : withUnit(run, await recoverUnknown(run, signal))
  const isCertain = found.state !== 'lost' || found.isUnstarted || found.isMachineFault
  return isCertain ? found : ((await awaitRecord(search)) ?? found)
}

/** A run has one unit, and that one start; anything else is somebody's else. */
function isOfRun(run: RunReference, handle: SystemdHandle): boolean {
  const note = readUnitNote(run)
  return (
    handle.unit === unitName(run) &&
    (!note ||
      (note.invocationId === handle.invocationId &&
        note.pid === handle.pid &&
        note.startTime === handle.startTime))
  )
}

/** A holder that was found has all of a handle but its unit. */
function withUnit(run: RunReference, found: Recovery): Recovery {
  const invocationId = readUnitNote(run)?.invocationId ?? ''
  return found.state === 'running'
    ? { ...found, handle: { ...found.handle, unit: unitName(run), invocationId } }
    : found
}

/** Its main process is gone, and the unit may still be on its way to be over; null when it is over. */
async function awaitRecord({ manager, run, signal }: Search): Promise<Recovery | null> {
  const unit = unitName(run)
  const isOver = (): boolean => readExit(run.folder) !== null || !isUnitThere(manager, unit)
  const isSettled = await waitUntil(isOver, { deadlineMs: endingMs, signal })
  const exit = readExit(run.folder)
  if (exit) {
    return { state: 'exited', exit }
  }
  return isSettled || !(await isStillEnding(manager, run, signal))
    ? null
    : { state: 'unknown', cause: `the unit ${unit} is still ending, or systemd does not answer` }
}

async function isStillEnding(
  manager: SystemdManager,
  run: RunReference,
  signal: AbortSignal,
): Promise<boolean> {
  if (findUnitProcesses(run).length > 0) {
    return true
  }
  const { code, stdout } = await callSystemd(
    manager,
    ['systemctl', 'show', '--property=ActiveState', '--value', '--', unitName(run)],
    { signal, deadlineMs: answerMs },
  )
  if (code === null) {
    return true
  }
  // A manager that is gone took all its units with it.
  return code === 0 ? stdout.trim() === 'deactivating' : existsSync(manager.socket)
}
