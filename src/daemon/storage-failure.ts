/** SQLITE_BUSY, SQLITE_IOERR, SQLITE_FULL. Source: sqlite.org/rescode.html */
const passing: ReadonlySet<number> = new Set([5, 10, 13])

/** Whether an error only says that nothing can be written just now, as on a full disk. */
export function isStorageFailure(error: unknown): boolean {
  const { errcode, code } = error as { errcode?: unknown; code?: unknown }
  return (
    (typeof errcode === 'number' && passing.has(errcode & 0xff)) ||
    code === 'ENOSPC' ||
    code === 'EDQUOT'
  )
}
