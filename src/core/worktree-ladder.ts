/** How a worktree stands, the worst first: what is on an upper rung is never removed. */
export const worktreeRungs = [
  'in-use',
  'unknown',
  'dirty',
  'unpushed',
  'unmade',
  'gone',
  'clean',
] as const
export type WorktreeRung = (typeof worktreeRungs)[number]

/** What was seen of a worktree. */
export interface WorktreeFacts {
  /** It was planned, and nothing ran in it yet. */
  isUnmade: boolean
  /** Its folder is there. */
  isThere: boolean
  /** Who works in it, or locked it; null: nobody. */
  user: string | null
  /** Why nobody can tell how it is; null where that could be told. */
  problem: string | null
  /** Files that are changed, or new, and in no commit. */
  uncommitted: number
  /** Commits that are on no remote, no other branch and no tag. */
  unpushed: number
}

export interface WorktreeStanding {
  rung: WorktreeRung
  /** In words, for people. */
  cause: string
}

/** The highest rung that it is on. */
export function standingOf(facts: WorktreeFacts): WorktreeStanding {
  const { isUnmade, isThere, user, problem, uncommitted, unpushed } = facts
  if (user !== null) {
    return { rung: 'in-use', cause: user }
  }
  if (isUnmade) {
    return { rung: 'unmade', cause: 'nothing ran in it yet' }
  }
  if (problem !== null) {
    return { rung: 'unknown', cause: problem }
  }
  if (uncommitted > 0) {
    const also = unpushed > 0 ? `, and ${commits(unpushed)}` : ''
    return { rung: 'dirty', cause: `${files(uncommitted)}${also}` }
  }
  if (unpushed > 0) {
    return { rung: 'unpushed', cause: commits(unpushed) }
  }
  return isThere
    ? { rung: 'clean', cause: 'all of it is in other branches or pushed' }
    : { rung: 'gone', cause: 'its folder is gone' }
}

/** Whether nothing is lost with it. */
export function isRemovable(rung: WorktreeRung): boolean {
  return rung === 'clean' || rung === 'gone' || rung === 'unmade'
}

function files(count: number): string {
  return count === 1 ? '1 file is not committed' : `${count} files are not committed`
}

function commits(count: number): string {
  return count === 1
    ? '1 commit is on no other branch and not pushed'
    : `${count} commits are on no other branch and not pushed`
}
