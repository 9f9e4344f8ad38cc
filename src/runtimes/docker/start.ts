import { fileURLToPath } from 'node:url'
import { DroverError } from '../../schema/error.ts'
import type { BoxWish, Launch } from '../contract.ts'
import { holderScript } from '../holder/start-holder.ts'
import { prepareBox, runLink } from './box-files.ts'
import { chooseUser, giveFolders, ownerOf, parseUser } from './choose-user.ts'
import type { ContainerState } from './engine/container-state.ts'
import type { Engine } from './engine/engine.ts'
import type { EngineLink } from './engine-link.ts'
import { handleOf, type DockerHandle } from './handle.ts'
import {
  containerName,
  labels,
  planContainer,
  planBounds,
  planUpdate,
  type PlannedBody,
} from './plan-container.ts'
import { requireImage } from './require-image.ts'
import { requireTmux } from './terminal/require-tmux.ts'

const entryScript = fileURLToPath(new URL('entry.sh', import.meta.url))

/** All of Drover's own scripts and programs. */
const scriptsFolder = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/** How long a container of a run that is over may take to be gone, ms. */
const lastBreathMs = 1000
const killDeadlineMs = 10_000

export interface StartTools {
  link: EngineLink
  /** Told before anything is made outside. */
  onFirst: () => void
  /** Told when the container is there and does not run yet: where a crash test may end the daemon. */
  onMade: () => void
}

/** Begins a run in the agent's own container. Errors: `start_failed`, `image_not_found`, `engine_unreachable`, `unsupported`. */
export async function startInOwnContainer(
  tools: StartTools,
  launch: Launch & { box: BoxWish },
  signal: AbortSignal,
): Promise<DockerHandle> {
  const { link } = tools
  const engine = await link.engine(signal)
  const { body, user } = await plan(engine, launch, signal)
  tools.onFirst()
  prepareBox(launch.box.agent, launch)
  await giveFolders(launch.box, launch.run, parseUser(user))
  const id = await makeContainer(tools, { engine, body, launch }, signal)
  if (launch.terminal) {
    const made = await engine.inspectContainer(id, signal)
    await requireTmux(
      engine,
      { id, env: made?.env ?? [] },
      launch.box.container.image ?? id.slice(0, 12),
      signal,
    )
  }
  await engine.startContainer(id, signal)
  const handle = handleOf(await link.inspect(id, signal))
  if (!handle) {
    throw new DroverError('start_failed', `Container ${id.slice(0, 12)} did not start.`)
  }
  return handle
}

async function plan(
  engine: Engine,
  { box, limits = {} }: Launch & { box: BoxWish },
  signal: AbortSignal,
): Promise<{ body: PlannedBody; user: string | null }> {
  const image = await requireImage(engine, box, signal)
  const { facts } = engine
  const user = chooseUser({
    wanted: box.container.user ?? null,
    owner: box.folders[0] === undefined ? null : await ownerOf(box.folders[0]),
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
      network: 'bridge',
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
}

/** The container that the plan says, at rest: the one that is there, or a new one in its place. */
async function makeContainer(
  { link, onMade }: StartTools,
  { engine, body, launch }: MakeRequest,
  signal: AbortSignal,
): Promise<string> {
  const { agent } = launch.box
  const name = containerName(agent.id)
  const there = await engine.inspectContainer(name, signal)
  if (there && !isOurs(there, launch.box)) {
    throw new DroverError('start_failed', `There is a container ${name} that is not of this home.`)
  }
  if (there && there.labels[labels.key] === body.Labels[labels.key]) {
    await halt({ engine, link }, there, signal)
    const update = planUpdate(there.limits, planBounds(launch.limits ?? {}), engine.facts.cpus)
    if (update) {
      await engine.updateContainer(there.id, update, signal)
    }
    return there.id
  }
  if (there) {
    await engine.removeContainer(there.id, signal)
  }
  const id = await engine.createContainer(name, body, signal)
  onMade()
  return id
}

export function isOurs(
  { labels: has }: Pick<ContainerState, 'labels'>,
  { agent }: Pick<BoxWish, 'agent'>,
): boolean {
  return has[labels.instance] === agent.instance && has[labels.agent] === agent.id
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
