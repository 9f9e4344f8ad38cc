import type { Recovery, RunReference } from '../../contract.ts'
import { neverStarted } from '../../holder/recover.ts'
import { DroverError } from '../../../schema/error.ts'
import type { Engine } from '../engine/engine.ts'
import { hasBegun } from './bring-stopped.ts'
import type { InsideHandle } from './handle.ts'
import { innerFolder, type Place } from './notes.ts'
import { runScript } from './run-script.ts'
import { readStanding, type Standing } from './standing.ts'

export interface Search {
  run: RunReference
  place: Place
  /** What was stored; null: only the intent was. */
  known: InsideHandle | null
}

/**
 * Looks for a run in its container: its handle where it began, whatever became of it since. Without a
 * handle it is taken away first from a shell that is on its way up.
 */
export async function findRun(
  engine: Engine,
  { run, place, known }: Search,
  signal: AbortSignal,
): Promise<InsideHandle | Recovery> {
  const container = known?.container ?? place.container
  const state = await engine.inspectContainer(container, signal)
  if (!state) {
    return { state: 'lost', cause: 'its container was removed' }
  }
  if (!state.isRunning) {
    return known ?? ((await hasBegun(engine, { run, place }, signal)) ? wasStopped : neverStarted)
  }
  if (known && state.isPaused) {
    return known
  }
  const standing = await look(engine, { run, place, order: known ? 'look' : 'claim' }, signal)
  if (!standing || standing.isGivenUp) {
    return known ? { state: 'lost', cause: restartOr(known, state) } : neverStarted
  }
  const { pid, startTime } = standing
  if (pid === null || startTime === null) {
    return { ...neverStarted, cause: 'its shell could not say who it is' }
  }
  if (known && (known.pid !== pid || known.startTime !== startTime)) {
    return { state: 'lost', cause: 'it is not the one that was started' }
  }
  if (known && known.startedAt !== state.startedAt && standing.isAlive) {
    return { state: 'lost', cause: 'its container was started anew' }
  }
  return (
    known ?? { v: 1, kind: 'inside', container, startedAt: state.startedAt ?? '?', pid, startTime }
  )
}

const wasStopped: Recovery = { state: 'lost', cause: 'its container was stopped' }

function restartOr(known: InsideHandle, { startedAt }: { startedAt: string | null }): string {
  return known.startedAt === startedAt
    ? 'its folder in the container was removed'
    : 'its container was started anew'
}

interface Look {
  run: RunReference
  place: Place
  order: 'look' | 'claim'
}

/** How a run stands; null: there is nothing of it. */
async function look(
  engine: Engine,
  { run, place, order }: Look,
  signal: AbortSignal,
): Promise<Standing | null> {
  try {
    const args = [innerFolder(run), order]
    const [line = ''] = await runScript(engine, { place, script: 'courier.sh', args }, signal)
    return readStanding(line)
  } catch (error) {
    // Where there is no shell nothing of ours ever began.
    if (error instanceof DroverError && error.code === 'program_not_found') {
      return null
    }
    throw error
  }
}
