/** SQLITE_FULL and SQLITE_IOERR, without their extensions. Source: sqlite.org/rescode.html */
const sqliteCodes = new Set([10, 13])

/** Whether an error of the system or of SQLite says that a disk takes no more. */
export function isDiskFull(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: number }
  return (
    code === 'ENOSPC' ||
    code === 'EDQUOT' ||
    (errcode !== undefined && sqliteCodes.has(errcode & 0xff))
  )
}
