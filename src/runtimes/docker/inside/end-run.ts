import { DroverError } from '../../../schema/error.ts'
import { waitUntil } from '../../../util/wait.ts'
import type { Found, Liveness, RunReference } from '../../contract.ts'
import type { Engine } from '../engine/engine.ts'
import type { EngineLink } from '../engine-link.ts'
import type { InsideHandle } from './handle.ts'
import { dropUsedPlaces, innerFolder, readUsedPlaces, type Place } from './notes.ts'
import { runScript } from './run-script.ts'

export interface EndCall {
  run: RunReference
  place: Place
  handle: InsideHandle | null
  /** TERM to all of it; KILL to all but the shells that record the ending; KILL to all. */
  order: 'term' | 'kill' | 'all'
}

/** How long a killed process may take to be gone, ms. */
const killDeadlineMs = 10_000

/** Signals what belongs to a run inside, and nobody else. Errors: `stop_failed`. */
export async function endRun(
  engine: Engine,
  { run, place, handle, order }: EndCall,
  signal: AbortSignal,
): Promise<void> {
  const args = [order, innerFolder(run), run.id, String(handle?.pid ?? 0), handle?.startTime ?? '-']
  const isDone = async (): Promise<boolean> => {
    const said = await runScript(engine, { place, script: 'end-run.sh', args }, signal)
    return order === 'term' || said.includes('left 0')
  }
  if (!(await waitUntil(isDone, { deadlineMs: killDeadlineMs, signal }))) {
    throw new DroverError(
      'stop_failed',
      `Processes of run ${run.id} did not end in ${place.name}, though they were killed.`,
      { details: { container: place.name } },
    )
  }
}

/** What carries the mark of a home in the containers that were used. */
export async function listInside(
  link: EngineLink,
  { instance, usedFile }: { instance: string; usedFile: string },
  signal: AbortSignal,
): Promise<Found[]> {
  const places = readUsedPlaces(usedFile)
  if (places.length === 0) {
    return []
  }
  const engine = await link.engine(signal)
  const found: Found[] = []
  const gone = new Set<string>()
  for (const place of places) {
    const state = await engine.inspectContainer(place.container, signal)
    if (!state) {
      gone.add(place.container)
    } else if (state.isRunning && !state.isPaused) {
      const call = { place, script: 'end-run.sh', args: ['list', instance] }
      found.push(...(await runScript(engine, call, signal)).map((line) => readFound(line, place)))
    }
  }
  dropUsedPlaces(usedFile, gone)
  return found
}

function readFound(line: string, { name }: Place): Found {
  const [, pid = '', run = '', ...command] = line.split(' ')
  return { run, what: `process ${pid} (${command.join(' ')}) in ${name}` }
}

/** Removes folders inside, as root: only what we made is named. */
export async function removeFolders(
  engine: Engine,
  { place, folders }: { place: Place; folders: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  const call = { place, user: '0', script: 'remove.sh', args: folders }
  try {
    await runScript(engine, call, signal)
  } catch (error) {
    // Without a shell nothing of ours was ever made there.
    if (!(error instanceof DroverError && error.code === 'program_not_found')) {
      throw error
    }
  }
}

/** Whether a holder lives, as its container tells. Errors: those of `Engine.exec`. */
export async function askLiveness(
  engine: Engine,
  { container, startedAt, pid, startTime }: InsideHandle,
  signal: AbortSignal,
): Promise<Liveness> {
  const state = await engine.inspectContainer(container, signal)
  if (!state?.isRunning || state.startedAt !== startedAt) {
    return 'dead'
  }
  const place = { container, name: state.name, user: '0' }
  const call = { place, script: 'end-run.sh', args: ['alive', String(pid), startTime] }
  return (await runScript(engine, call, signal))[0] === 'alive' ? 'alive' : 'dead'
}
