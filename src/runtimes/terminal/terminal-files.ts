import { readFileSync, renameSync } from 'node:fs'
import path from 'node:path'
import { runFiles } from '../run-folder.ts'

/** How the program ended, until all its output is on record; then it is `exit`. */
export function endedFile(folder: string): string {
  return path.join(folder, 'ended')
}

/** The program ended, and its holder has told so. */
export function hasEnded(folder: string): boolean {
  try {
    return readFileSync(endedFile(folder), 'utf8').endsWith('\n')
  } catch {
    return false
  }
}

/** Makes the ending count, for a holder that can't do so any more. No output may come after it. */
export function recordEnding(folder: string): void {
  if (!hasEnded(folder)) {
    return
  }
  try {
    renameSync(endedFile(folder), runFiles(folder).exit)
  } catch (error) {
    // The holder was there first.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw error
    }
  }
}
