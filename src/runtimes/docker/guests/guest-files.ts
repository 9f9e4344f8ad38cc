import {
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import path from 'node:path'
import type { AgentReference } from '../../box.ts'
import type { RunReference } from '../../contract.ts'

/** Inside: where the server of guests listens. */
export const guestSocket = '/tmp/.drover-guests/tmux'

/** Where a container sees the folders of its guests, under the same path. */
export function guestsFolder({ folder }: Pick<AgentReference, 'folder'>): string {
  return path.join(folder, 'guests')
}

/** Where the container sees a guest's folder. */
export function guestPlace(
  run: Pick<RunReference, 'id'>,
  agent: Pick<AgentReference, 'folder'>,
): string {
  return path.join(guestsFolder(agent), run.id)
}

/** Moves a guest's folder to where the container sees it; a link stays in its place. */
export function moveGuest(run: RunReference, agent: Pick<AgentReference, 'folder'>): void {
  const place = guestPlace(run, agent)
  mkdirSync(path.dirname(place), { recursive: true, mode: 0o700 })
  renameSync(run.folder, place)
  symlinkSync(place, run.folder)
}

/** Where a guest's folder was moved to; null: it was not, or this is no guest. */
export function findGuest(run: Pick<RunReference, 'folder'>): string | null {
  try {
    return lstatSync(run.folder).isSymbolicLink() ? readlinkSync(run.folder) : null
  } catch {
    return null
  }
}

/** Takes its folder back to where it was, with all that is in it. May be done again. */
export function moveBack(run: Pick<RunReference, 'folder'>, place: string): void {
  if (findGuest(run) !== null) {
    unlinkSync(run.folder)
  }
  if (lstatSync(place, { throwIfNoEntry: false }) && !existsSync(run.folder)) {
    renameSync(place, run.folder)
  }
  // Out of reach now. What a program put in the folder's place goes, and is not followed.
  if (lstatSync(run.folder, { throwIfNoEntry: false })?.isDirectory() === false) {
    unlinkSync(run.folder)
  }
}

/** The box folder of the agent whose guest has its folder there. */
export function boxOfGuest(place: string): string {
  return path.dirname(path.dirname(place))
}
