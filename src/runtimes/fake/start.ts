import { readFileSync, writeFileSync } from 'node:fs'
import { DroverError } from '../../schema/error.ts'
import { abortable } from '../../util/abortable.ts'
import type { Launch } from '../contract.ts'
import { runFiles } from '../run-folder.ts'
import type { FakeFaults } from './faults.ts'
import type { FakeHandle } from './handle.ts'
import type { FakeMachine } from './machine.ts'

/** Brings a program up on the machine. Errors: `start_failed`. */
export async function startFake(
  launch: Launch,
  { machine, faults, signal }: FakeCall,
): Promise<FakeHandle> {
  if (faults.take('start-throws')) {
    throw new DroverError('start_failed', 'The fake runtime was told that a start throws.')
  }
  if (faults.take('start-hangs')) {
    await abortable(new Promise<never>(() => undefined), signal)
  }
  const pid = machine.takePid()
  if (claim(launch.run.folder, String(pid)) === String(pid)) {
    const env = { ...launch.env, DROVER_INSTANCE: launch.run.instance, DROVER_RUN: launch.run.id }
    machine.bringUp({ ...launch, env }, pid)
  }
  if (faults.take('start-loses-answer')) {
    throw new DroverError(
      'start_failed',
      'The fake runtime was told that the answer of a start is lost.',
    )
  }
  return { v: 1, pid, startTime: String(pid), bootId: machine.bootId }
}

/** What a call works with. */
export interface FakeCall {
  machine: FakeMachine
  faults: FakeFaults
  signal: AbortSignal
}

/** What stands in the `holder` file of a run that was taken away before it began. */
export const givenUp = 'none'

/** Whoever makes the file first decides: a start by its pid, or the daemon that gave it up. Returns what stands in it. */
export function claim(folder: string, claimant: string): string {
  const { holder } = runFiles(folder)
  try {
    writeFileSync(holder, `${claimant}\n`, { flag: 'wx', mode: 0o600 })
    return claimant
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      return readFileSync(holder, 'utf8').trimEnd()
    }
    throw error
  }
}
