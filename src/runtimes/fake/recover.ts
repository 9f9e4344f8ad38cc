import type { Recovery, RunReference } from '../contract.ts'
import { createRunFolder, readExit } from '../run-folder.ts'
import type { FakeHandle } from './handle.ts'
import { isResting, type FakeMachine, type FakeProcess } from './machine.ts'
import { claim, givenUp } from './start.ts'

/** Whether the handle names a process that lives; another boot's or another start's is somebody else. */
export function isAlive(machine: FakeMachine, handle: FakeHandle): boolean {
  return (
    handle.bootId === machine.bootId && machine.find(handle.pid)?.startTime === handle.startTime
  )
}

/** Finds a run again; without a handle by its mark, and if it never started it never will. */
export function recoverFake(
  machine: FakeMachine,
  run: RunReference,
  handle: FakeHandle | null,
): Recovery {
  if (!handle) {
    createRunFolder(run.folder)
    if (claim(run.folder, givenUp) === givenUp) {
      return { state: 'lost', cause: 'it was never started', isUnstarted: true }
    }
  }
  const exit = readExit(run.folder)
  if (exit) {
    return { state: 'exited', exit }
  }
  if (handle && handle.bootId !== machine.bootId) {
    return { state: 'lost', cause: 'the machine was restarted' }
  }
  const found = machine
    .processesOf(run.id)
    .find(({ isLeader, pid }) => isLeader && (handle === null || pid === handle.pid))
  return found && (handle === null || isAlive(machine, handle))
    ? { state: isResting(found) ? 'suspended' : 'running', handle: handleOf(machine, found) }
    : { state: 'lost', cause: 'its process is gone and left no record' }
}

/** As the process is now. */
export function handleOf(
  { bootId }: FakeMachine,
  { pid, startTime, moves }: FakeProcess,
): FakeHandle {
  return { v: 1, pid, startTime, bootId, ...(moves > 0 ? { moves } : {}) }
}
