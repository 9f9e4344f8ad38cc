import { renameSync } from 'node:fs'
import path from 'node:path'
import { readPlainFile } from '../../util/plain-file.ts'
import { runFiles } from '../run-folder.ts'

/** How the program ended, until all its output is on record; then it is `exit`. */
export function endedFile(folder: string): string {
  return path.join(folder, 'ended')
}

/** The program ended, and its holder has told so. */
export function hasEnded(folder: string): boolean {
  try {
    return readPlainFile(endedFile(folder)).endsWith('\n')
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
    // The holder was there first, or the program put a folder in its place.
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'EISDIR' && code !== 'ENOTDIR') {
      throw error
    }
  }
}
