import { readFileSync, writeFileSync } from 'node:fs'
import { DroverError } from '../../../schema/error.ts'
import type { Readable } from 'node:stream'
import { checkExportable } from '../../holder/become-file.ts'
import { markOf } from '../../holder/marks.ts'
import { holderScript } from '../../holder/start-holder.ts'
import { encodeLaunchLines } from '../../launch-lines.ts'
import { runFiles } from '../../run-folder.ts'
import type { ContainerState } from '../engine/container-state.ts'
import type { Engine } from '../engine/engine.ts'
import type { InsideHandle } from './handle.ts'
import { addUsedPlace, innerFolder, noteAgent, writePlace, type Place } from './notes.ts'
import type { InnerUser, KnownUsers } from './known-users.ts'
import { encodeFiles, filesAt, prepareInside, type BoxedLaunch } from './prepare.ts'
import type { RecentLooks } from './recent-looks.ts'
import { scriptArgv, scriptText } from './run-script.ts'

export interface InsideTools {
  engine: Engine
  usedFile: string
  users: KnownUsers
  looks: RecentLooks
  /** Told when all is there for it to begin: where a crash test may end the daemon. */
  onMade: () => void
}

/** Begins a run inside of a container of somebody's. Errors: `container_not_found`, `start_failed`, `engine_unreachable`. */
export async function startInside(
  tools: InsideTools,
  launch: BoxedLaunch,
  signal: AbortSignal,
): Promise<{ handle: InsideHandle; place: Place }> {
  const { engine, looks } = tools
  checkExportable(launch.env)
  const { name = '', user = null } = launch.box.container
  const state = await looks.get(engine, name, signal)
  const { id: container, startedAt } = state
  if (startedAt === null) {
    throw new DroverError('start_failed', `container.name: ${name} never began.`)
  }
  const place = { container, name, user: user ?? (state.user || '0') }
  const ending = new AbortController()
  const bound = AbortSignal.any([signal, ending.signal])
  const starting = bringUp(tools, { place, launch, state }, bound)
  starting.catch(() => undefined)
  try {
    // What a look finds wrong says more than what fails for it.
    const now = await looks.again(engine, name, bound)
    if (now.id !== container || now.startedAt !== startedAt) {
      throw new DroverError('start_failed', `container.name: ${name} was started anew just now.`)
    }
    return { handle: { v: 1, kind: 'inside', container, startedAt, ...(await starting) }, place }
  } catch (error) {
    ending.abort(error)
    await Promise.allSettled([starting])
    throw error
  }
}

interface BringUp {
  place: Place
  launch: BoxedLaunch
  state: ContainerState
}

/** Who holds it, once it is up. */
async function bringUp(
  { engine, usedFile, users, onMade }: InsideTools,
  { place, launch, state }: BringUp,
  signal: AbortSignal,
): Promise<Up> {
  const { run, box, cwd } = launch
  writePlace(run, place)
  noteAgent(box.agent, place, box.ownFolders)
  const prepare = async (): Promise<InnerUser> => {
    const { user, hasOwnHome } = await prepareInside(engine, { place, launch }, signal)
    if (hasOwnHome) {
      users.note(place, state, user)
    }
    return user
  }
  const known = users.get(place, state)
  const inner = known ?? (await prepare())
  addUsedPlace(usedFile, place)
  claim(launch)
  onMade()
  const said = await begin(engine, { place, launch, inner }, signal)
  if (!known || said.startsWith('up ')) {
    return readUp(said, { place, cwd })
  }
  // What was there is not, or can't be made: what that is, root can tell, or mend.
  users.drop(place)
  const call = { place, launch, inner: await prepare() }
  return readUp(said.startsWith('unmade ') ? await begin(engine, call, signal) : said, {
    place,
    cwd,
  })
}

/** From here on it may have begun; one that was given up does not begin any more. Errors: `start_failed`. */
function claim({ run }: BoxedLaunch): void {
  try {
    writeFileSync(runFiles(run.folder).holder, 'inside\n', { flag: 'wx', mode: 0o600 })
  } catch (error) {
    throw new DroverError('start_failed', 'The run was begun or given up already.', {
      cause: error,
    })
  }
}

/** How long its shell may take to say that it is up, ms. */
const upMs = 30_000

/** What its shell said first. */
async function begin(
  engine: Engine,
  { place, launch, inner }: { place: Place; launch: BoxedLaunch; inner: InnerUser },
  signal: AbortSignal,
): Promise<string> {
  const { run, box, argv, cwd } = launch
  const mark = markOf(run)
  const bound = AbortSignal.any([signal, AbortSignal.timeout(upMs)])
  const exec = await engine.exec(
    place.container,
    {
      argv: scriptArgv('begin.sh', [
        innerFolder(run),
        box.container.envFile ?? '',
        scriptText('hold.sh'),
        readFileSync(holderScript, 'utf8'),
        ...box.ownFolders,
      ]),
      user: place.user,
      env: {
        HOME: box.container.home ?? inner.home,
        USER: inner.name,
        LOGNAME: inner.name,
        ...mark,
      },
    },
    bound,
  )
  try {
    exec.stderr.resume()
    const files = filesAt(box.files ?? [])
    const lines = encodeLaunchLines({ argv, env: { ...launch.env, ...mark }, cwd })
    exec.stdin.write(`${encodeFiles(files)}${lines}`)
    return await firstLine(exec.stdout)
  } finally {
    exec.close()
  }
}

type Up = Pick<InsideHandle, 'pid' | 'startTime'>

function readUp(said: string, { place, cwd }: { place: Place; cwd: string }): Up {
  const up = /^up (\d+) (\d+)$/.exec(said)
  if (!up) {
    throw explain(said, { place, cwd })
  }
  return { pid: Number(up[1]), startTime: up[2] ?? '' }
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
