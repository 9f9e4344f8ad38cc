import { fileURLToPath } from 'node:url'
import { DroverError } from '../../../schema/error.ts'
import type { Readable } from 'node:stream'
import { writePlainFile } from '../../../util/plain-file.ts'
import { checkExportable } from '../../holder/become-file.ts'
import { markOf } from '../../holder/marks.ts'
import { holderScript } from '../../holder/start-holder.ts'
import { encodeLaunchLines } from '../../launch-lines.ts'
import { runFiles } from '../../run-folder.ts'
import type { Engine } from '../engine/engine.ts'
import type { InsideHandle } from './handle.ts'
import { addUsedPlace, innerFolder, noteAgent, writePlace, type Place } from './notes.ts'
import {
  encodeFiles,
  filesFor,
  prepareInside,
  requireContainer,
  type BoxedLaunch,
  type InnerUser,
} from './prepare.ts'
import { scriptArgv } from './run-script.ts'

const scriptAt = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

/** What a run needs inside beside its launch. */
const ownScripts = [holderScript, scriptAt('hold.sh'), scriptAt('../read-launch.sh')]

export interface InsideTools {
  engine: Engine
  usedFile: string
  /** Told when all is there for it to begin: where a crash test may end the daemon. */
  onMade: () => void
}

/** Begins a run inside of a container of somebody's. Errors: `container_not_found`, `start_failed`, `engine_unreachable`. */
export async function startInside(
  { engine, usedFile, onMade }: InsideTools,
  launch: BoxedLaunch,
  signal: AbortSignal,
): Promise<{ handle: InsideHandle; place: Place }> {
  const { run, box } = launch
  checkExportable(launch.env)
  const name = box.container.name ?? ''
  const state = await requireContainer(engine, name, signal)
  if (state.startedAt === null) {
    throw new DroverError('start_failed', `container.name: ${name} never began.`)
  }
  const user = box.container.user ?? (state.user || '0')
  const place = { container: state.id, name, user }
  writePlace(run, place)
  noteAgent(box.agent, place, box.ownFolders)
  const inner = await prepareInside(engine, { place, launch }, signal)
  addUsedPlace(usedFile, place)
  claim(launch)
  onMade()
  const { pid, startTime } = await begin(engine, { place, launch, inner }, signal)
  const { id: container, startedAt } = state
  return { handle: { v: 1, kind: 'inside', container, startedAt, pid, startTime }, place }
}

/** From here on it may have begun; one that was given up does not begin any more. Errors: `start_failed`. */
function claim({ run }: BoxedLaunch): void {
  try {
    writePlainFile(runFiles(run.folder).holder, 'inside\n', 'create')
  } catch (error) {
    throw new DroverError('start_failed', 'The run was begun or given up already.', {
      cause: error,
    })
  }
}

/** How long its shell may take to say that it is up, ms. */
const upMs = 30_000

async function begin(
  engine: Engine,
  { place, launch, inner }: { place: Place; launch: BoxedLaunch; inner: InnerUser },
  signal: AbortSignal,
): Promise<{ pid: number; startTime: string }> {
  const { run, box, argv, cwd } = launch
  const folder = innerFolder(run)
  const mark = markOf(run)
  const bound = AbortSignal.any([signal, AbortSignal.timeout(upMs)])
  const exec = await engine.exec(
    place.container,
    {
      argv: scriptArgv('begin.sh', [folder, box.container.envFile ?? '']),
      user: place.user,
      env: { HOME: inner.home, USER: inner.name, LOGNAME: inner.name, ...mark },
    },
    bound,
  )
  try {
    exec.stderr.resume()
    const files = filesFor(run, { scripts: ownScripts, files: box.files ?? [] })
    const lines = encodeLaunchLines({ argv, env: { ...launch.env, ...mark }, cwd })
    exec.stdin.write(`${encodeFiles(files)}${lines}`)
    const said = await firstLine(exec.stdout)
    const up = /^up (\d+) (\d+)$/.exec(said)
    if (!up) {
      throw explain(said, { place, cwd })
    }
    return { pid: Number(up[1]), startTime: up[2] ?? '' }
  } finally {
    exec.close()
  }
}

function explain(said: string, { place, cwd }: { place: Place; cwd: string }): DroverError {
  const { name, user } = place
  if (said === 'no-folder') {
    const text = `dir: the user ${user} may not go to ${cwd} in ${name}.`
    return new DroverError('start_failed', text, { details: { field: 'dir' } })
  }
  const text = said.startsWith('unmade ')
    ? `container.user: the user ${user} can't write ${said.slice(7)} in ${name}. Name one who can come there, or keep the home of Drover where it can.`
    : `Its program could not be begun in ${name}: ${said || 'its shell said nothing'}.`
  return new DroverError('start_failed', text, { details: { container: name } })
}

async function firstLine(stream: Readable): Promise<string> {
  let all = ''
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    all += chunk.toString()
    if (all.includes('\n')) {
      break
    }
  }
  return all.split('\n')[0] ?? ''
}
