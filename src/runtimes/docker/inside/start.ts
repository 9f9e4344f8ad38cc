import { writePlainFile } from '../../../util/plain-file.ts'
import { DroverError } from '../../../schema/error.ts'
import { checkExportable } from '../../holder/become-file.ts'
import { runFiles } from '../../run-folder.ts'
import type { ContainerState } from '../engine/container-state.ts'
import type { Engine } from '../engine/engine.ts'
import { begin, readUp, type Up } from './begin.ts'
import type { InsideHandle } from './handle.ts'
import { addUsedPlace, noteAgent, writePlace, type Place } from './notes.ts'
import type { InnerUser, KnownUsers } from './known-users.ts'
import { prepareInside, type BoxedLaunch } from './prepare.ts'
import type { RecentLooks } from './recent-looks.ts'

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
    writePlainFile(runFiles(run.folder).holder, 'inside\n', 'create')
  } catch (error) {
    throw new DroverError('start_failed', 'The run was begun or given up already.', {
      cause: error,
    })
  }
}
