import { bootId, isProcessAlive } from '../../util/process-identity.ts'
import { waitUntil } from '../../util/wait.ts'
import type { Liveness, Recovery, RunReference } from '../contract.ts'
import { goneWithoutRecord, recoverKnown, recoverUnknown } from '../holder/recover.ts'
import { holdsTerminal } from '../holder/marks.ts'
import { readExit } from '../run-folder.ts'
import type { TmuxHandle } from './handle.ts'
import type { TmuxServer } from './server.ts'
import { hasEnded, recordEnding } from '../terminal/terminal-files.ts'

/** How long what a program said last may take to be on record, ms. */
const readOutMs = 5000

/**
 * Whether a program lives that has its terminal. The process tells whether it does, tmux whether its
 * terminal is there: one question for all who are looked at together.
 */
export async function inspectTerminal(
  server: TmuxServer,
  handle: TmuxHandle,
  signal: AbortSignal,
): Promise<Liveness> {
  if (!(await isProcessAlive(handle))) {
    return 'dead'
  }
  try {
    const sessions = await server.sessions(signal)
    return sessions.some(({ name }) => name === handle.session) ? 'alive' : 'dead'
  } catch {
    return 'unknown'
  }
}

/** Finds a run of which only the intent was stored, and says which kind it is. */
export async function recoverUnstored(
  server: TmuxServer,
  run: RunReference,
  signal: AbortSignal,
): Promise<Recovery> {
  const found = await recoverUnknown(run, signal)
  if (found.state === 'running') {
    const identity = found.handle as unknown as Omit<TmuxHandle, 'session'>
    const isAtTerminal = await holdsTerminal(identity.pid, run)
    const handle = { ...identity, session: isAtTerminal ? run.id : null }
    return await recoverStored(server, { run, handle }, signal)
  }
  return found.state === 'lost' && hasEnded(run.folder)
    ? await awaitEnding(server, run, signal)
    : found
}

/** Finds a run whose handle was stored. */
export async function recoverStored(
  server: TmuxServer,
  { run, handle }: { run: RunReference; handle: TmuxHandle },
  signal: AbortSignal,
): Promise<Recovery> {
  if (handle.session === null) {
    const found = await recoverKnown(run, handle)
    return found.state === 'running' ? { state: 'running', handle } : found
  }
  const recorded = readExit(run.folder)
  if (recorded) {
    return { state: 'exited', exit: recorded }
  }
  const isSameBoot = handle.bootId === bootId()
  const liveness = isSameBoot ? await inspectTerminal(server, handle, signal) : 'dead'
  if (liveness === 'unknown') {
    return notAsked
  }
  if (liveness === 'alive') {
    return { state: 'running', handle }
  }
  if (!isSameBoot) {
    return await recoverKnown(run, handle)
  }
  if (await isProcessAlive(handle)) {
    return { state: 'lost', cause: 'its terminal is gone: the tmux server ended' }
  }
  return await awaitEnding(server, run, signal)
}

const notAsked: Recovery = { state: 'unknown', cause: 'its tmux server gives no answer' }

/** The holder is gone; what the program said last may still be on its way into the file. */
async function awaitEnding(
  server: TmuxServer,
  run: RunReference,
  signal: AbortSignal,
): Promise<Recovery> {
  if (hasEnded(run.folder)) {
    const isRecorded = (): boolean => readExit(run.folder) !== null
    if (!(await waitUntil(isRecorded, { deadlineMs: readOutMs, signal }))) {
      try {
        await server.sessions(signal)
      } catch {
        return notAsked
      }
      recordEnding(run.folder)
    }
  }
  const exit = readExit(run.folder)
  return exit ? { state: 'exited', exit } : goneWithoutRecord(run)
}
