import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { DroverError } from '../schema/error.ts'
import type { ListedWorktree } from '../store/index.ts'
import { createPrivateFolder } from '../util/private-file.ts'
import { findMarkedProcesses, sendSignal } from '../util/process-identity.ts'
import { copyIncluded } from './copy-included.ts'
import { getRuntime, type DaemonContext } from './context.ts'
import { faultPoint } from './fault-point.ts'
import { filtersOff, gitAskMs, gitWorkMs, runGit, type GitAnswer } from './git.ts'

/** What git carries that makes a worktree, so that one which outlived its daemon is found. */
const mark = 'DROVER_WORKTREE'

/**
 * Makes the worktree that an agent is to have, before its first run. It may be repeated from anywhere:
 * as long as it is not on record as made nothing ran in it, so what is half made is made anew.
 * Errors: `invalid_worktree`, `timeout`, `program_not_found`.
 */
export async function makeWorktree(
  context: DaemonContext,
  agentId: string,
  signal: AbortSignal,
): Promise<void> {
  const { store, home } = context
  const row = store.worktrees.get(agentId)
  if (row?.state !== 'planned') {
    return
  }
  createPrivateFolder(home.worktreesFolder)
  // What an agent in a container does there next is not to be begun by us, outside of it.
  const isBoxed = getRuntime(context, context.specs.get(agentId).runtime).capabilities.elsewhere
  const place = { folder: row.repository, signal }
  const env = isBoxed ? await filtersOff(context, place) : {}
  const call = { ...place, isTrusting: !isBoxed, env: { ...env, [mark]: agentId } }
  const git = async (args: readonly string[], deadlineMs = gitAskMs): Promise<GitAnswer> =>
    await runGit(context, args, { ...call, deadlineMs })
  await removeHalfMade(context, row)
  await makeBranch(git, row)
  faultPoint('branch-made')
  const added = await git(['worktree', 'add', '--quiet', row.folder, row.branch], gitWorkMs)
  if (!added.isOk) {
    throw refuse(`git can't make it: ${added.problem}`)
  }
  faultPoint('worktree-added')
  await copyIncluded(git, row)
  faultPoint('worktree-filled')
  // What ran in it must never be taken for half made, so this is on disk before anything runs.
  store.transaction('durable', () => store.worktrees.setState(agentId, 'made'))
  faultPoint('worktree-made')
}

/** What was begun and is not on record as made. Its branch is left. */
export async function removeHalfMade(
  context: DaemonContext,
  row: Pick<ListedWorktree, 'agent_id' | 'repository' | 'folder'>,
): Promise<void> {
  await endMarked(row.agent_id)
  // Twice for one that git locked while it made it. That there is none is what is wanted.
  await runGit(context, ['worktree', 'remove', '--force', '--force', row.folder], {
    folder: row.repository,
  })
  await rm(row.folder, { recursive: true, force: true })
}

/** A git of a daemon that is dead would go on in the folder that the next one makes. */
async function endMarked(agentId: string): Promise<void> {
  for (;;) {
    const marked = await findMarkedProcesses(`${mark}=${agentId}\0`)
    if (marked.length === 0) {
      return
    }
    for (const { pid } of marked) {
      sendSignal(pid, 'SIGKILL')
    }
    await sleep(10)
  }
}

type Git = (args: readonly string[], deadlineMs?: number) => Promise<GitAnswer>

async function makeBranch(git: Git, { branch, base }: ListedWorktree): Promise<void> {
  const ref = `refs/heads/${branch}`
  const made = await git(['update-ref', ref, base, '0'.repeat(base.length)])
  if (made.isOk) {
    return
  }
  const found = await git(['rev-parse', '--verify', '--quiet', ref])
  if (found.stdout.trim() !== base) {
    throw refuse(
      found.isOk
        ? `branch ${branch} was made by somebody else meanwhile`
        : `branch ${branch} can't be made: ${made.problem}`,
    )
  }
}

function refuse(problem: string): DroverError {
  return new DroverError('invalid_worktree', `worktree: ${problem}.`, {
    details: { field: 'worktree' },
  })
}
