import { readdir, rm } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { DroverError } from '../../../schema/error.ts'
import { writePlainFile } from '../../../util/plain-file.ts'
import { waitUntil } from '../../../util/wait.ts'
import type { Launch, Recovery, RunReference, StopOptions } from '../../contract.ts'
import { readEnding, readExit } from '../../run-folder.ts'
import { endedFile, recordEnding } from '../../terminal/terminal-files.ts'
import { launchFile, recordedContainer, writeLaunch } from '../box-files.ts'
import { giveFolder } from '../choose-user.ts'
import { livenessOf } from '../container-watch.ts'
import type { EngineLink } from '../engine-link.ts'
import { findOwner } from '../find-owner.ts'
import { handleOf, type DockerHandle } from '../handle.ts'
import { encodeTmuxConfig, tmuxConfigFile } from '../terminal/tmux-config.ts'
import {
  boxOfGuest,
  findGuest,
  guestPlace,
  guestsFolder,
  guestSocket,
  moveBack,
  moveGuest,
} from './guest-files.ts'

const scriptAt = (file: string): string => fileURLToPath(new URL(file, import.meta.url))
const startScript = scriptAt('start-guest.sh')
const endScript = scriptAt('end-guest.sh')
const chooseTermScript = scriptAt('../terminal/choose-term.sh')

/** How long a guest that was killed may take to be on record, ms. */
const recordMs = 2000

export type GuestLaunch = Launch & Required<Pick<Launch, 'beside' | 'terminal'>>

/** Brings a guest up in the container of its agent. Errors: `start_failed`. */
export async function startGuest(
  link: EngineLink,
  launch: GuestLaunch,
  life: DockerHandle,
  signal: AbortSignal,
): Promise<DockerHandle> {
  const { run, beside } = launch
  const state = await link.inspect(life.container, signal)
  const engine = await link.engine(signal)
  const place = guestPlace(run, beside.agent)
  // All of it before the container sees the folder: from then on nothing there is to be trusted.
  moveBack(run, place)
  writeLaunch(run, launch)
  const config = encodeTmuxConfig(launch, { folder: place, socket: guestSocket })
  writePlainFile(tmuxConfigFile(run), config)
  if (state?.user) {
    const about = { container: life.container, user: state.user }
    await giveFolder(run.folder, await findOwner(engine, about, signal))
  }
  moveGuest(run, beside.agent)
  const words = [chooseTermScript, guestSocket, tmuxConfigFile({ folder: place }), run.id]
  const { code, said } = await call(link, life, ['/bin/sh', startScript, ...words], signal)
  if (code !== 0) {
    throw new DroverError('start_failed', `The terminal could not be made: ${explain(code, said)}.`)
  }
  return { ...life, guest: place }
}

function explain(code: number | null, said: string): string {
  switch (code) {
    case 73:
      return 'there is no tmux in its container, which a guest needs for its terminal; install it in the image, or use `drover exec --tty`'
    case 74:
      return 'its user can make no folder in /tmp, where a terminal has its socket'
    default:
      return said.trim() || `it ended with ${code}`
  }
}

/** Finds a guest that was moved to its container's folder. */
export async function recoverGuest(
  link: EngineLink,
  { run, handle }: { run: RunReference; handle: DockerHandle | null },
  signal: AbortSignal,
): Promise<Recovery> {
  const life = handle ?? (await findLife(link, run, signal))
  const recorded = readExit(run.folder)
  if (recorded) {
    return { state: 'exited', exit: recorded }
  }
  const goesOn =
    life !== null && livenessOf(await link.life(life.container, signal), life) === 'alive'
  if (goesOn) {
    const argv = ['tmux', '-S', guestSocket, 'has-session', '-t', `=${run.id}`]
    if ((await call(link, life, argv, signal)).code === 0) {
      return { state: 'running', handle: life }
    }
  }
  // The record is made whole once the folder is out of the container's reach.
  const late = readExit(run.folder) ?? readEnding(endedFile(run.folder))
  return late
    ? { state: 'exited', exit: late }
    : { state: 'lost', cause: goesOn ? 'its terminal is gone' : 'its container ended' }
}

/** TERM, then KILL, then its terminal; the container goes on. */
export async function stopGuest(
  link: EngineLink,
  { run, handle }: { run: RunReference; handle: DockerHandle },
  { graceMs, signal }: Pick<StopOptions, 'graceMs' | 'signal'>,
): Promise<void> {
  const isOver = (): boolean => readExit(run.folder) !== null
  for (const [name, deadlineMs] of [['TERM', graceMs] as const, ['KILL', recordMs] as const]) {
    if (!isOver() && (await isAlive(link, handle, signal))) {
      await strike(link, { run, handle }, [name], signal)
      await waitUntil(isOver, { deadlineMs, signal })
    }
  }
}

/** Ends whatever is left of it, and takes its folder back. */
export async function releaseGuest(
  link: EngineLink,
  { run, handle }: { run: RunReference; handle: DockerHandle | null },
  signal: AbortSignal,
): Promise<void> {
  const life = handle ?? (await findLife(link, run, signal))
  if (life && (await isAlive(link, life, signal))) {
    await strike(link, { run, handle: life }, ['KILL', 'all'], signal)
  }
  const place = handle?.guest ?? findGuest(run)
  if (place !== null) {
    moveBack(run, place)
  }
  recordEnding(run.folder)
  await rm(launchFile(run), { force: true })
}

/** Ids of those whose terminals may be there, in the container with this box folder. */
export async function listGuests(box: string): Promise<string[]> {
  const names = await readdir(guestsFolder({ folder: box })).catch(() => [])
  return names.filter((name) => readExit(`${guestsFolder({ folder: box })}/${name}`) === null)
}

async function isAlive(
  link: EngineLink,
  handle: DockerHandle,
  signal: AbortSignal,
): Promise<boolean> {
  return livenessOf(await link.life(handle.container, signal), handle) === 'alive'
}

/** The life of the container that it is in, where its handle was never stored. */
async function findLife(
  link: EngineLink,
  run: RunReference,
  signal: AbortSignal,
): Promise<DockerHandle | null> {
  const place = findGuest(run)
  const container = place === null ? null : recordedContainer({ folder: boxOfGuest(place) })
  const state = container === null ? null : await link.inspect(container, signal)
  const life = state?.isRunning ? handleOf(state) : null
  return life && place !== null ? { ...life, guest: place } : null
}

async function strike(
  link: EngineLink,
  { run, handle }: { run: RunReference; handle: DockerHandle },
  words: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  await call(link, handle, ['/bin/sh', endScript, guestSocket, run.id, ...words], signal)
}

/** Runs a program inside to its end. */
async function call(
  link: EngineLink,
  { container }: DockerHandle,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<{ code: number | null; said: string }> {
  const engine = await link.engine(signal)
  const exec = await engine.exec(container, { argv }, signal)
  try {
    exec.stdin.end()
    const [said, complained] = await Promise.all([text(exec.stdout), text(exec.stderr)])
    return { code: await exec.exitCode(signal), said: said + complained }
  } finally {
    exec.close()
  }
}
