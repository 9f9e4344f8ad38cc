import path from 'node:path'
import type { SpecWorktree } from '../schema/agent.ts'
import { DroverError } from '../schema/error.ts'
import type { DaemonContext } from './context.ts'
import { filtersOff, runGit, type GitAnswer } from './git.ts'

export interface WorktreeRequest {
  /** Folder that the agent was to work in, absolute, real. */
  dir: string
  /** A word of its own for its folder, and its branch where it named none. */
  slug: string
  /** As it was asked for; null: one by the slug. */
  branch: string | null
}

export interface PlannedWorktree {
  worktree: SpecWorktree
  /** Where the agent works: as far below the worktree as `dir` is below the repository. */
  dir: string
  /** What is to be told, though it is no error. */
  notes: string[]
}

/**
 * The worktree that an agent is to have of the repository its folder is in, from the last commit.
 * Nothing is made. Errors: `invalid_worktree`, `program_not_found` without git, `timeout`.
 */
export async function planWorktree(
  context: DaemonContext,
  { dir, slug, branch: wanted }: WorktreeRequest,
): Promise<PlannedWorktree> {
  const env = await filtersOff(context, { folder: dir })
  const ask = async (...args: string[]): Promise<GitAnswer> =>
    await runGit(context, args, { folder: dir, env })
  const [repository, prefix] = await findRepository(ask, dir)
  const head = await ask('rev-parse', '--verify', '--quiet', 'HEAD^{commit}')
  if (!head.isOk) {
    throw refuse(`${repository} has no commits yet, so there is nothing to begin with`)
  }
  const base = head.stdout.trim()
  if (prefix !== '' && !(await ask('cat-file', '-e', `${base}:${prefix}`)).isOk) {
    throw refuse(`${dir} is not in the last commit of ${repository}`)
  }
  const branch = wanted ?? `drover/${slug}`
  await checkBranch(context, ask, { repository, branch })
  const folder = path.join(context.home.worktreesFolder, slug)
  return {
    worktree: { source: dir, repository, folder, branch, base },
    dir: path.join(folder, prefix),
    notes: await notesOf(ask, repository),
  }
}

type Ask = (...args: string[]) => Promise<GitAnswer>

/** The top of the repository's own files, and the way from there to the folder. */
async function findRepository(ask: Ask, dir: string): Promise<[string, string]> {
  const found = await ask('rev-parse', '--show-toplevel', '--show-prefix')
  const [repository, prefix = ''] = found.stdout.split('\n')
  if (!found.isOk || !repository) {
    const why = /not a git repository/.test(found.problem)
      ? 'is in no git repository'
      : `can't have one: ${found.problem}`
    throw refuse(`${dir} ${why}`)
  }
  return [repository, prefix.replace(/\/$/, '')]
}

async function checkBranch(
  { store }: DaemonContext,
  ask: Ask,
  { repository, branch }: Pick<SpecWorktree, 'repository' | 'branch'>,
): Promise<void> {
  if (!(await ask('check-ref-format', `refs/heads/${branch}`)).isOk) {
    throw refuse(`${JSON.stringify(branch)} is no name of a branch`)
  }
  if (store.worktrees.isPlanned(repository, branch)) {
    throw refuse(`branch ${branch} is to be another agent's`)
  }
  const parents = branch.split('/').map((_, index, parts) => parts.slice(0, index).join('/'))
  for (const name of [branch, ...parents.slice(1)]) {
    if ((await ask('show-ref', '--verify', '--quiet', `refs/heads/${name}`)).isOk) {
      const holder = await holderOf(ask, name)
      const where = holder === null ? 'there already' : `checked out at ${holder}`
      throw refuse(`branch ${name} is ${where}`)
    }
  }
  const below = await ask(
    'for-each-ref',
    '--count=1',
    '--format=%(refname)',
    `refs/heads/${branch}/`,
  )
  if (below.stdout.trim() !== '') {
    throw refuse(`there are branches below ${branch}, such as ${below.stdout.trim().slice(11)}`)
  }
}

/** The worktree in which a branch is checked out. */
async function holderOf(ask: Ask, branch: string): Promise<string | null> {
  const { stdout } = await ask('worktree', 'list', '--porcelain', '-z')
  const entries = stdout.split('\0\0').map((entry) => entry.split('\0'))
  const holder = entries.find((lines) => lines.includes(`branch refs/heads/${branch}`))
  return holder?.[0]?.replace(/^worktree /, '') ?? null
}

async function notesOf(ask: Ask, repository: string): Promise<string[]> {
  const status = await ask(
    'status',
    '--porcelain=v1',
    '-z',
    '--untracked-files=no',
    '--ignore-submodules=dirty',
  )
  const changed = status.stdout.split('\0').filter((entry) => entry !== '').length
  return changed === 0
    ? []
    : [`${repository} has changes that are not committed; the worktree begins without them.`]
}

function refuse(problem: string): DroverError {
  return new DroverError('invalid_worktree', `worktree: ${problem}.`, {
    details: { field: 'worktree' },
  })
}
