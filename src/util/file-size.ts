import { lstatSync } from 'node:fs'

/** Size in bytes; 0 where there is no such file, but a link for instance. */
export function fileSize(file: string): number {
  const stats = lstatSync(file, { throwIfNoEntry: false })
  return stats?.isFile() ? stats.size : 0
}
