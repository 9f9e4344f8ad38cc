import type { Recovery, RunReference } from '../contract.ts'
import { createRunFolder, readExit } from '../run-folder.ts'
import type { FakeHandle } from './handle.ts'
import type { FakeMachine } from './machine.ts'
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
  const found =
    handle && isAlive(machine, handle) ? handle : handle ? null : findByMark(machine, run)
  return found
    ? { state: 'running', handle: found }
    : { state: 'lost', cause: 'its process is gone and left no record' }
}

function findByMark(machine: FakeMachine, run: RunReference): FakeHandle | null {
  const leader = machine.processesOf(run.id).find(({ isLeader }) => isLeader)
  return leader
    ? { v: 1, pid: leader.pid, startTime: leader.startTime, bootId: machine.bootId }
    : null
}
