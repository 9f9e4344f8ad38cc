import { rename, rm } from 'node:fs/promises'
import { isRemovable } from '../core/worktree-ladder.ts'
import type { ListedWorktree } from '../store/index.ts'
import type { DaemonContext } from './context.ts'
import { faultPoint } from './fault-point.ts'
import { filtersOff, runGit } from './git.ts'
import { inspectWorktree, type InspectedWorktree } from './inspect-worktree.ts'
import { removeHalfMade } from './make-worktree.ts'

export interface RetiredWorktree extends InspectedWorktree {
  isRemoved: boolean
}

/** Where a worktree is that goes: what is there was found to be nowhere missed. */
const trashOf = ({ folder }: Pick<ListedWorktree, 'folder'>): string => `${folder}.removing`

/**
 * Removes a worktree that nobody needs any more and of which nothing would be lost; any other is
 * kept, and it is put down why. May be repeated from anywhere.
 */
export async function retireWorktree(
  context: DaemonContext,
  row: ListedWorktree,
): Promise<RetiredWorktree> {
  const { store } = context
  // A removal that a dead daemon began goes on with what it had set aside.
  await rm(trashOf(row), { recursive: true, force: true })
  const found = await inspectWorktree(context, row)
  if (!isRemovable(found.rung)) {
    store.transaction('durable', () => store.worktrees.keep(row.agent_id, found.cause))
    return { ...found, isRemoved: false }
  }
  const guest = store.transaction('durable', () => {
    const other = store.worktrees.userOf(row.folder, row.agent_id)
    if (other === undefined) {
      store.worktrees.setState(row.agent_id, 'removing')
    } else {
      store.worktrees.keep(row.agent_id, `${other} works in it`)
    }
    return other
  })
  if (guest !== undefined) {
    // It came while git was asked.
    return { ...found, rung: 'in-use', cause: `${guest} works in it`, isRemoved: false }
  }
  faultPoint('worktree-condemned')
  if (found.rung === 'unmade') {
    await removeHalfMade(context, row)
  } else {
    await removeFiles(context, row)
  }
  faultPoint('worktree-removed')
  await removeBranch(context, row)
  faultPoint('branch-removed')
  store.transaction('durable', () => store.worktrees.delete(row.agent_id))
  return { ...found, isRemoved: true }
}

/** Set aside at once, so that a half-removed one is never taken for one that is dirty. */
async function removeFiles(context: DaemonContext, row: ListedWorktree): Promise<void> {
  await rename(row.folder, trashOf(row)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') {
      throw error
    }
  })
  faultPoint('worktree-set-aside')
  await rm(trashOf(row), { recursive: true, force: true })
  // Its files are gone, so git forgets it; that it knew nothing of it is as good.
  const place = { folder: row.repository }
  const env = await filtersOff(context, place)
  await runGit(context, ['worktree', 'remove', row.folder], { ...place, env })
}

/** The branch goes where all of it is elsewhere too, and nobody has it checked out. */
async function removeBranch(
  context: DaemonContext,
  { repository, branch, base }: ListedWorktree,
): Promise<void> {
  const ask = async (...args: string[]): Promise<string | null> => {
    const { isOk, stdout } = await runGit(context, args, { folder: repository })
    return isOk ? stdout : null
  }
  const ref = `refs/heads/${branch}`
  const tip = (await ask('rev-parse', '--verify', '--quiet', ref))?.trim()
  const listed = await ask('worktree', 'list', '--porcelain', '-z')
  if (!tip || listed === null || listed.split('\0').includes(`branch ${ref}`)) {
    return
  }
  const safe = ['--not', base, '--remotes', `--exclude=${branch}`, '--branches', '--tags']
  const own = await ask('rev-list', '--count', tip, ...safe, '--')
  if (own?.trim() === '0') {
    await ask('update-ref', '-d', ref, tip)
  }
}
