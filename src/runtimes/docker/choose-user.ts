import { lchown, lstat, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { DroverError } from '../../schema/error.ts'
import type { BoxWish } from '../box.ts'
import type { RunReference } from '../contract.ts'
import { runLink } from './box-files.ts'
import { guestsFolder } from './guests/guest-files.ts'

/** What a choice of user follows from. */
export interface UserFacts {
  /** As the wish says it; null: it says nothing. */
  wanted: string | null
  /** Who owns the folder that the agent works in; null where that is no folder of this machine. */
  owner: { uid: number; gid: number } | null
  /** Under an engine without rights of its own, root inside is who runs the engine. */
  isRootless: boolean
}

/** As whom an agent's programs run: then what they write belongs to the right one on both sides. Null: as the image says. */
export function chooseUser({ wanted, owner, isRootless }: UserFacts): string | null {
  if (wanted !== null) {
    return wanted
  }
  if (isRootless) {
    return '0:0'
  }
  return owner && `${owner.uid}:${owner.gid}`
}

/** Who owns a folder. Errors: `start_failed`. */
export async function ownerOf(folder: string): Promise<{ uid: number; gid: number }> {
  try {
    const { uid, gid } = await stat(folder)
    return { uid, gid }
  } catch (error) {
    throw new DroverError('start_failed', `${folder} can't be looked at.`, { cause: error })
  }
}

/**
 * Gives the agent's own folders and its run to whom its programs are, where the daemon may: only root
 * can. What belongs to them already is left alone, a link is never followed, and a file that has
 * another name as well is not given away. Nothing of the agent may run: it could put a link where a
 * folder was seen.
 */
export async function giveFolders(
  box: Pick<BoxWish, 'agent' | 'ownFolders'>,
  run: RunReference,
  user: { uid: number; gid: number } | null,
): Promise<void> {
  if (process.getuid?.() !== 0 || user === null) {
    return
  }
  for (const folder of [run.folder, guestsFolder(box.agent), ...box.ownFolders]) {
    await give(folder, user)
  }
  await lchown(runLink(box.agent), user.uid, user.gid)
}

/** The same for one folder. */
export async function giveFolder(
  folder: string,
  user: { uid: number; gid: number } | null,
): Promise<void> {
  if (process.getuid?.() === 0 && user !== null) {
    await give(folder, user)
  }
}

async function give(file: string, user: { uid: number; gid: number }): Promise<void> {
  const stats = await lstat(file)
  // A second name of a file of somebody else's: to give it away here is to give it away there.
  const isShared = !stats.isDirectory() && stats.nlink > 1
  if (!isShared && (stats.uid !== user.uid || stats.gid !== user.gid)) {
    await lchown(file, user.uid, user.gid)
  }
  if (stats.isDirectory()) {
    for (const name of await readdir(file)) {
      await give(path.join(file, name), user)
    }
  }
}
