import type { Recovery, RunReference } from '../contract.ts'
import { claimRun, goneWithoutRecord, neverStarted } from '../holder/recover.ts'
import { readExit } from '../run-folder.ts'
import { recordEnding } from '../terminal/terminal-files.ts'
import { linkedAt, linkedRun } from './box-files.ts'
import type { ContainerState } from './engine/container-state.ts'
import type { EngineLink } from './engine-link.ts'
import type { DockerHandle } from './handle.ts'
import { labels } from './plan-container.ts'

/** Finds a run whose handle was stored. */
export async function recoverKnown(
  link: EngineLink,
  { run, handle }: { run: RunReference; handle: DockerHandle },
  signal: AbortSignal,
): Promise<Recovery> {
  const recorded = readExit(run.folder)
  if (recorded) {
    return { state: 'exited', exit: recorded }
  }
  return judge(run, handle.startedAt, await link.inspect(handle.container, signal))
}

/** What became of a life of a container that may have left no ending. */
function judge(run: RunReference, startedAt: string, state: ContainerState | null): Recovery {
  if (state?.isRunning && state.startedAt === startedAt) {
    return {
      state: state.isPaused ? 'suspended' : 'running',
      handle: { v: 1, container: state.id, startedAt, pid: state.pid ?? 0 },
    }
  }
  // It may have ended between the two looks; and at a terminal, after its last words.
  if (state?.isRunning !== true || state.startedAt !== startedAt) {
    recordEnding(run.folder)
  }
  const late = readExit(run.folder)
  if (late) {
    return { state: 'exited', exit: late }
  }
  if (!state) {
    return { state: 'lost', cause: 'its container was removed' }
  }
  if (state.startedAt !== startedAt) {
    return { state: 'lost', cause: 'its container was started anew by somebody else' }
  }
  if (state.isOomKilled) {
    return { state: 'exited', exit: { code: null, signal: 'SIGKILL' } }
  }
  const refused = entryProblem(state.exitCode)
  if (refused) {
    return { state: 'lost', cause: refused, isUnstarted: true, isRefused: true }
  }
  const gone = goneWithoutRecord(run)
  return gone.isUnstarted ? gone : { ...gone, ...endWithoutRecord(state.exitCode) }
}

function endWithoutRecord(code: number | null): { cause: string; isMachineFault?: boolean } {
  switch (code) {
    case 137:
      return { cause: 'its container was killed and left no record' }
    case 255:
      // Engines say so of what they did not see end.
      return { cause: 'its container ended while its engine was away', isMachineFault: true }
    default:
      return { cause: `its container ended with ${code} and left no record` }
  }
}

/** Why the container's first process refused to begin. */
function entryProblem(code: number | null): string | null {
  switch (code) {
    case 70:
      return "its user can't write to the run's folder: set container.user to the owner of the folder it works in"
    case 71:
      return 'nothing said what to run'
    case 72:
      return 'the folder to start in is not there inside'
    case 73:
      return 'its image lacks one of the programs that Drover needs there: sh, cat, mkfifo'
    case 74:
      return 'its user can make no folder in /tmp, where a terminal has its socket'
    case 75:
      return 'its image has no tmux, which a terminal needs: install it there, or leave container.terminal out'
    default:
      return null
  }
}

/** An ending that is of the run before. */
function isOfBefore({ isRunning, startedAt }: ContainerState, folder: string): boolean {
  return !isRunning && Date.parse(startedAt ?? '') < linkedAt({ folder })
}

/**
 * Finds a run of which only the intent was stored. Whoever claims it first decides: its holder, which
 * then lives in a container that points at this run, or we.
 */
export async function recoverUnknown(
  link: EngineLink,
  run: RunReference,
  signal: AbortSignal,
): Promise<Recovery> {
  if (claimRun(run)) {
    return neverStarted
  }
  const recorded = readExit(run.folder)
  if (recorded) {
    return { state: 'exited', exit: recorded }
  }
  const engine = await link.engine(signal)
  const listed = await engine.listContainers([`${labels.instance}=${run.instance}`], signal, {
    all: true,
  })
  for (const { id, labels: has } of listed) {
    const folder = has[labels.box] ?? ''
    if (linkedRun({ folder }) === run.folder) {
      const state = await link.inspect(id, signal)
      if (!state?.startedAt || isOfBefore(state, folder)) {
        return {
          state: 'lost',
          cause: 'its engine went down in its start, and knows nothing of it',
        }
      }
      return judge(run, state.startedAt, state)
    }
  }
  return { state: 'lost', cause: 'its container is gone and left no record' }
}
