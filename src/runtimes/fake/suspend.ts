import { DroverError } from '../../schema/error.ts'
import { abortable } from '../../util/abortable.ts'
import type { RunReference } from '../contract.ts'
import type { FakeHandle } from './handle.ts'
import { handleOf, isAlive } from './recover.ts'
import type { FakeCall } from './start.ts'

/** Lets a run rest, or go on. Its handle is another one then. Errors: `suspend_failed`, `resume_failed`. */
export async function moveFake(
  move: 'suspend' | 'resume',
  run: RunReference,
  handle: FakeHandle,
  { machine, faults, signal }: FakeCall,
): Promise<FakeHandle> {
  if (faults.take(`${move}-throws`)) {
    throw failure(move, 'The fake runtime was told so.')
  }
  if (faults.take(`${move}-hangs`)) {
    await hang(signal)
  }
  const process = isAlive(machine, handle) ? machine.find(handle.pid) : undefined
  if (!process) {
    throw failure(move, 'Its process is gone.')
  }
  machine[move](run.id)
  if (faults.take(`${move}-loses-answer`)) {
    await hang(signal)
  }
  return handleOf(machine, process)
}

const codes = { suspend: 'suspend_failed', resume: 'resume_failed' } as const

function failure(move: 'suspend' | 'resume', why: string): DroverError {
  return new DroverError(codes[move], why)
}

async function hang(signal: AbortSignal): Promise<void> {
  await abortable(new Promise<never>(() => undefined), signal)
}
