import { statSync } from 'node:fs'

/** Size in bytes; 0 where there is no such file. */
export function fileSize(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
