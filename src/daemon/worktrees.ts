import { isRemovable, type WorktreeRung } from '../core/worktree-ladder.ts'
import { DroverError } from '../schema/error.ts'
import type { PrunedWorktree, RetiredWorktree, Worktree } from '../schema/reports.ts'
import type { ListedWorktree } from '../store/index.ts'
import { getAgentByName, type DaemonContext } from './context.ts'
import { inspectWorktree, type InspectedWorktree } from './inspect-worktree.ts'
import { retireWorktree } from './retire-worktree.ts'

/** Worktrees that are looked at side by side: each look is some runs of git. */
const atOnce = 4

/** All worktrees of the home, the oldest first, each with how it stands. */
export async function listWorktrees(context: DaemonContext): Promise<Worktree[]> {
  return await eachOf(context.store.worktrees.list(), async (row) =>
    toWorktree(row, await inspectWorktree(context, row)),
  )
}

/** The worktree of an agent. Errors: `agent_not_found`; `invalid_worktree` where it has none. */
export async function showWorktree(context: DaemonContext, name: string): Promise<Worktree> {
  const { id } = getAgentByName(context, name)
  const row = context.store.worktrees.get(id)
  if (!row) {
    throw new DroverError('invalid_worktree', `worktree: ${name} has none of its own.`, {
      details: { field: 'worktree' },
    })
  }
  return toWorktree(row, await inspectWorktree(context, row))
}

/**
 * Removes the worktrees of agents that are gone, those of which nothing would be lost. Each is looked
 * at again before it goes. A dry run only says what would be done.
 */
export async function pruneWorktrees(
  context: DaemonContext,
  isDryRun: boolean,
): Promise<PrunedWorktree[]> {
  const rows = context.store.worktrees.list().filter((row) => row.has_agent === 0)
  return await eachOf(rows, async (row) => {
    if (!isDryRun) {
      const retired = await retireWorktree(context, row)
      return { ...toWorktree(row, retired), isRemoved: retired.isRemoved }
    }
    const found = await inspectWorktree(context, row)
    return { ...toWorktree(row, found), isRemoved: isRemovable(found.rung) }
  })
}

/** What became of the worktree that a removed agent had, as far as that is done. */
export function removedWorktree({ store }: DaemonContext, before: ListedWorktree): RetiredWorktree {
  const { folder, branch } = before
  const row = store.worktrees.get(before.agent_id)
  if (row?.has_agent === 1) {
    return { folder, branch, isRemoved: null, cause: null }
  }
  return { folder, branch, isRemoved: row === undefined, cause: row?.cause ?? null }
}

/** As the event of a removal says it. */
export function toldOf(
  { folder, branch }: ListedWorktree,
  { isRemoved, cause }: { isRemoved: boolean; cause: string },
): RetiredWorktree {
  return { folder, branch, isRemoved, cause }
}

function toWorktree(
  row: ListedWorktree,
  { rung, cause, uncommitted, unpushed }: InspectedWorktree & { rung: WorktreeRung },
): Worktree {
  const { agent, repository, folder, branch, base } = row
  return {
    agent,
    hasAgent: row.has_agent === 1,
    repository,
    folder,
    branch,
    base,
    standing: rung,
    cause,
    uncommitted,
    unpushed,
    createdAt: row.created_at,
  }
}

/** Some at a time, in their order. */
async function eachOf<Row, Result>(
  rows: readonly Row[],
  work: (row: Row) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let begin = 0; begin < rows.length; begin += atOnce) {
    results.push(...(await Promise.all(rows.slice(begin, begin + atOnce).map(work))))
  }
  return results
}
