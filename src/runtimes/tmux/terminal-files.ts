import { existsSync, readFileSync, renameSync } from 'node:fs'
import path from 'node:path'
import { runFiles } from '../run-folder.ts'

/** What the folder of a run with a terminal has beside the record. */
export interface TerminalFiles {
  /** FIFO that is open for as long as output still comes. */
  tape: string
  /** How the program ended, until all its output is on record; then it is `exit`. */
  ended: string
}

export function terminalFiles(folder: string): TerminalFiles {
  return { tape: path.join(folder, 'tape'), ended: path.join(folder, 'ended') }
}

/** Whether the run was ever brought up at a terminal. */
export function hasTerminal(folder: string): boolean {
  return existsSync(terminalFiles(folder).tape)
}

/** The program ended, and its holder has told so. */
export function hasEnded(folder: string): boolean {
  try {
    return readFileSync(terminalFiles(folder).ended, 'utf8').endsWith('\n')
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
    renameSync(terminalFiles(folder).ended, runFiles(folder).exit)
  } catch (error) {
    // The holder was there first.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw error
    }
  }
}
