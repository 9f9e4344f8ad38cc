import { lstat, stat } from 'node:fs/promises'
import path from 'node:path'
import { standingOf, type WorktreeFacts, type WorktreeStanding } from '../core/worktree-ladder.ts'
import { DroverError } from '../schema/error.ts'
import type { ListedWorktree } from '../store/index.ts'
import type { DaemonContext } from './context.ts'
import { filtersOff, runGit, type GitAnswer } from './git.ts'

export interface InspectedWorktree extends WorktreeStanding {
  /** null: nobody can tell, or there is nothing to count yet. */
  uncommitted: number | null
  unpushed: number | null
}

/** How a worktree stands. Nothing is changed, and what git can't tell is told as that. */
export async function inspectWorktree(
  context: DaemonContext,
  row: ListedWorktree,
): Promise<InspectedWorktree> {
  const facts = await readFacts(context, row)
  const isCounted = facts.problem === null && !facts.isUnmade
  return {
    ...standingOf(facts),
    uncommitted: isCounted ? facts.uncommitted : null,
    unpushed: isCounted ? facts.unpushed : null,
  }
}

async function readFacts(context: DaemonContext, row: ListedWorktree): Promise<WorktreeFacts> {
  const { store } = context
  const isThere = await isFolder(row.folder)
  const other = store.worktrees.userOf(row.folder, row.agent_id)
  const user = row.has_agent === 1 ? row.agent : other
  const facts = {
    isUnmade: row.state === 'planned',
    isThere,
    user: user === undefined ? null : `${user} works in it`,
    problem: null,
    uncommitted: 0,
    unpushed: 0,
  }
  // Of a repository that is gone as well nothing is left to lose.
  if (facts.isUnmade || (!isThere && !(await isFolder(row.repository)))) {
    return facts
  }
  try {
    const counted = await count(context, row, isThere)
    return { ...facts, ...counted, user: facts.user ?? counted.user }
  } catch (error) {
    if (context.signal.aborted) {
      throw error
    }
    return { ...facts, problem: `nobody can tell: ${(error as Error).message}` }
  }
}

/** Errors: any, with the reason why it can't be told. */
async function count(
  context: DaemonContext,
  { repository, folder, branch, base }: ListedWorktree,
  isThere: boolean,
): Promise<Pick<WorktreeFacts, 'uncommitted' | 'unpushed' | 'user'>> {
  const env = await filtersOff(context, { folder: isThere ? folder : repository })
  const askIn = async (place: string, ...args: string[]): Promise<GitAnswer> =>
    await runGit(context, args, { folder: place, env })
  const ask = async (...args: string[]): Promise<GitAnswer> =>
    await askIn(isThere ? folder : repository, ...args)
  const must = async (...args: string[]): Promise<string> => orThrow(await ask(...args))
  const listing = await askIn(repository, 'worktree', 'list', '--porcelain', '-z')
  const listed = orThrow(listing).split('\0\0')
  const entry = listed.find((each) => each.split('\0')[0] === `worktree ${folder}`)
  if (isThere) {
    await checkOwn(must, folder, entry !== undefined)
    await refuseSubmodules(must, folder)
  }
  const isLocked = entry?.split('\0').some((line) => /^locked( |$)/.test(line)) ?? false
  const status = isThere ? await must('status', '--porcelain=v1', '-z', ...statusOptions) : ''
  const hasBranch = (await ask('show-ref', '--verify', '--quiet', `refs/heads/${branch}`)).isOk
  const tips = [...(isThere ? ['HEAD'] : []), ...(hasBranch ? [`refs/heads/${branch}`] : [])]
  const safe = ['--not', base, '--remotes', `--exclude=${branch}`, '--branches', '--tags']
  const unpushed =
    tips.length > 0 ? Number(await must('rev-list', '--count', ...tips, ...safe, '--')) : 0
  return {
    uncommitted: status.split('\0').filter((each) => each !== '').length,
    unpushed,
    user: isLocked ? 'somebody locked it, with git worktree lock' : null,
  }
}

/** Submodules are not gone into: a git of theirs would go by their own config. */
const statusOptions = ['--untracked-files=normal', '--no-renames', '--ignore-submodules=all']

/** Those that are there have files of which this worktree tells nothing. */
async function refuseSubmodules(
  must: (...args: string[]) => Promise<string>,
  folder: string,
): Promise<void> {
  const entries = (await must('ls-files', '--stage', '-z')).split('\0')
  for (const entry of entries.filter((each) => each.startsWith('160000 '))) {
    const place = path.join(folder, entry.slice(entry.indexOf('\t') + 1), '.git')
    if (await lstat(place).catch(() => null)) {
      throw new DroverError('invalid_worktree', 'it has submodules, and those are not looked into')
    }
  }
}

/** Git looks above a folder that is no worktree any more, and would tell of something else. */
async function checkOwn(
  must: (...args: string[]) => Promise<string>,
  folder: string,
  isListed: boolean,
): Promise<void> {
  const [top, gitFolder = ''] = (
    await must('rev-parse', '--show-toplevel', '--absolute-git-dir')
  ).split('\n')
  if (top !== folder || !isListed) {
    throw new DroverError('invalid_worktree', `${folder} is no worktree any more`)
  }
  // Submodules keep their commits there, and they would go with it.
  if (await isFolder(path.join(gitFolder, 'modules'))) {
    throw new DroverError('invalid_worktree', 'it has submodules, and those are not looked into')
  }
}

async function isFolder(folder: string): Promise<boolean> {
  return await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

function orThrow({ isOk, stdout, problem }: GitAnswer): string {
  if (!isOk) {
    throw new DroverError('invalid_worktree', problem)
  }
  return stdout
}
