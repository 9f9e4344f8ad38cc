import { constants } from 'node:fs'
import { copyFile, lstat, mkdir, readlink, realpath, symlink } from 'node:fs/promises'
import path from 'node:path'
import { DroverError } from '../schema/error.ts'
import { limits } from '../schema/limits.ts'
import type { WorktreeRow } from '../store/index.ts'
import type { GitAnswer } from './git.ts'

/** Patterns, as in `.gitignore`, of files that no commit has and a worktree is to have all the same. */
const includeFile = '.worktreeinclude'

/**
 * Copies the untracked files that the repository's `.worktreeinclude` names. Nothing that the
 * worktree has is written over, and no link leads out of it. Errors: `invalid_worktree`.
 */
export async function copyIncluded(
  git: (args: readonly string[], deadlineMs?: number) => Promise<GitAnswer>,
  { repository, folder }: Pick<WorktreeRow, 'repository' | 'folder'>,
): Promise<void> {
  const patterns = await lstat(path.join(repository, includeFile)).catch(() => null)
  if (!patterns?.isFile()) {
    return
  }
  const list = ['ls-files', '-z', '--others', '--ignored', `--exclude-from=${includeFile}`]
  const listed = await git(list)
  if (!listed.isOk) {
    throw refuse(listed.problem)
  }
  // An entry that ends in a slash is another repository.
  const names = listed.stdout.split('\0').filter((name) => name !== '' && !name.endsWith('/'))
  const { includedFiles, includedBytes } = limits.worktree
  if (names.length > includedFiles) {
    throw refuse(`it names ${names.length} files, and may name ${includedFiles} at most`)
  }
  let bytes = 0
  for (const name of names) {
    bytes += await copyOne(path.join(repository, name), path.join(folder, name), folder)
    if (bytes > includedBytes) {
      throw refuse(`what it names is larger than ${includedBytes / 1024 ** 3} GiB`)
    }
  }
}

/** Gives the size of what was copied, bytes. */
async function copyOne(from: string, to: string, folder: string): Promise<number> {
  const stat = await lstat(from).catch(() => null)
  if (!stat?.isFile() && !stat?.isSymbolicLink()) {
    return 0
  }
  await mkdirInside(path.dirname(to), folder)
  try {
    if (stat.isSymbolicLink()) {
      await symlink(await readlink(from), to)
      return 0
    }
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    return stat.size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      return 0
    }
    throw error
  }
}

/** A commit may have a link where the files beside it have a folder. */
async function mkdirInside(dir: string, folder: string): Promise<void> {
  let there = dir
  while (there !== folder && !(await lstat(there).catch(() => null))) {
    there = path.dirname(there)
  }
  const [real, top] = [await realpath(there), await realpath(folder)]
  if (real !== top && !real.startsWith(`${top}${path.sep}`)) {
    throw refuse(`${path.relative(folder, dir)} leads out of the worktree`)
  }
  await mkdir(dir, { recursive: true })
}

function refuse(problem: string): DroverError {
  return new DroverError('invalid_worktree', `worktree: ${includeFile}: ${problem}.`, {
    details: { field: 'worktree' },
  })
}
