import { fileURLToPath } from 'node:url'
import { DroverError } from '../../schema/error.ts'
import type { BoxWish } from '../box.ts'
import type { Launch } from '../contract.ts'
import { holderScript } from '../holder/start-holder.ts'
import {
  isWalled,
  linkedRun,
  prepareBox,
  recordContainer,
  resolverFile,
  runLink,
} from './box-files.ts'
import { chooseUser, giveFolders, ownerOf } from './choose-user.ts'
import type { ContainerState } from './engine/container-state.ts'
import type { Engine } from './engine/engine.ts'
import type { EngineLink } from './engine-link.ts'
import { explainStart } from './explain-start.ts'
import { findOwner } from './find-owner.ts'
import { handleOf, type DockerHandle } from './handle.ts'
import { findContainer } from './find-container.ts'
import type { ImageTools } from './images/build-image.ts'
import {
  containerName,
  isWorkCovered,
  labels,
  planContainer,
  planBounds,
  planUpdate,
  type PlannedBody,
} from './plan-container.ts'
import { requireLocal } from './probe.ts'
import { requireImage } from './images/require-image.ts'
import { refuseSocket } from './refuse-socket.ts'
import { requireTmux } from './terminal/require-tmux.ts'
import type { Walls } from './walls/walls.ts'

const entryScript = fileURLToPath(new URL('entry.sh', import.meta.url))

/** All of Drover's own scripts and programs. */
const scriptsFolder = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/** How long a container of a run that is over may take to be gone, ms. */
const lastBreathMs = 1000
const killDeadlineMs = 10_000

export interface StartTools {
  link: EngineLink
  /** Told when the container is there and does not run yet: where a crash test may end the daemon. */
  onMade: () => void
  walls: Walls
  /** Told before anything is made outside. */
  onFirst: () => void
  /** Told what takes long before the container is there, in words for people. */
  tell: (text: string) => void
}

/** Begins a run in the agent's own container. Errors: `start_failed`, `engine_unreachable`, `unsupported`, and those of `requireImage`. */
export async function startInOwnContainer(
  tools: StartTools,
  launch: Launch & { box: BoxWish },
  signal: AbortSignal,
): Promise<DockerHandle> {
  requireLocal((await tools.link.engine(signal)).facts)
  tools.onFirst()
  const { network, release } = await tools.walls.hold(launch.box, signal)
  try {
    return await startInside({ ...tools, network }, launch, signal)
  } finally {
    release()
  }
}

/** With the engine's name of the network that it is to be in; it is there. */
interface InsideTools extends StartTools {
  network: string
}

async function startInside(
  tools: InsideTools,
  launch: Launch & { box: BoxWish },
  signal: AbortSignal,
): Promise<DockerHandle> {
  const { link } = tools
  const { run, box } = launch
  const engine = await link.engine(signal)
  const { body, user } = await plan({ ...tools, engine }, launch, signal)
  const there = await findContainer(engine, box.agent, signal)
  if (there?.isRunning && linkedRun(box.agent) === run.folder) {
    // A start of this very run that is tried again.
    return requireLife(there)
  }
  const image = box.container.image ?? body.Image
  prepareBox(box, launch)
  try {
    const id = await makeContainer(tools, { engine, body, launch, there }, signal)
    const owner = user === null ? null : await findOwner(engine, { container: id, user }, signal)
    await giveFolders(box, run, owner)
    if (launch.terminal) {
      await requireTmux(engine, { id, image }, signal)
    }
    await engine.startContainer(id, signal)
    return requireLife(await link.inspect(id, signal))
  } catch (error) {
    throw explainStart(error, { image, user })
  }
}

function requireLife(state: ContainerState | null): DockerHandle {
  const handle = handleOf(state)
  if (!handle) {
    const which = state ? `Container ${state.id.slice(0, 12)}` : 'Its container'
    throw new DroverError('start_failed', `${which} did not start.`)
  }
  return handle
}

async function plan(
  tools: ImageTools & Pick<InsideTools, 'network'>,
  { box, limits = {} }: Launch & { box: BoxWish },
  signal: AbortSignal,
): Promise<{ body: PlannedBody; user: string | null }> {
  await refuseSocket(box, tools.engine.facts.socketPath)
  const image = await requireImage(tools, box, signal)
  const { facts } = tools.engine
  const user = chooseUser({
    wanted: box.container.user ?? null,
    owner:
      box.folders[0] === undefined || isWorkCovered(box) ? null : await ownerOf(box.folders[0]),
    isRootless: facts.isRootless,
  })
  const body = planContainer(
    {
      box,
      user,
      image: image.id,
      runLink: runLink(box.agent),
      scripts: scriptsFolder,
      entry: entryScript,
      holder: holderScript,
      network: tools.network,
      resolver: isWalled(box) ? resolverFile(box.agent) : null,
      engineSocket: box.container.engineSocket ? facts.socketPath : null,
    },
    limits,
  )
  return { body, user }
}

interface MakeRequest {
  engine: Engine
  body: PlannedBody
  launch: Launch & { box: BoxWish }
  /** The one that is there. */
  there: ContainerState | null
}

/** The container that the plan says, at rest: the one that is there, or a new one in its place. */
async function makeContainer(
  { link, onMade, tell }: StartTools,
  { engine, body, launch, there }: MakeRequest,
  signal: AbortSignal,
): Promise<string> {
  const { agent } = launch.box
  if (there && there.labels[labels.key] === body.Labels[labels.key]) {
    await halt({ engine, link }, there, signal)
    const bounds = planBounds(launch.limits ?? {}, launch.box.container)
    const update = planUpdate(there.limits, bounds, engine.facts)
    if (update) {
      await engine.updateContainer(there.id, update, signal)
    }
    return there.id
  }
  if (there) {
    tell('its container is made anew, as it is to be another: what was installed in it is gone')
    await engine.removeContainer(there.id, signal)
  }
  const id = await engine.createContainer(containerName(agent.id), body, signal)
  onMade()
  recordContainer(agent, id)
  return id
}

/** Of a run that is over it may still be on its way out; one that stays is of a run that was given up. */
async function halt(
  { engine, link }: { engine: Engine; link: EngineLink },
  state: ContainerState,
  signal: AbortSignal,
): Promise<void> {
  const life = state.isRunning ? handleOf(state) : null
  if (!life || (await link.untilDead(life, { deadlineMs: lastBreathMs, signal }))) {
    return
  }
  await engine.killContainer(life.container, 'KILL', signal)
  if (!(await link.untilDead(life, { deadlineMs: killDeadlineMs, signal }))) {
    throw new DroverError(
      'start_failed',
      `Container ${life.container.slice(0, 12)} does not end, though it was killed.`,
    )
  }
}
