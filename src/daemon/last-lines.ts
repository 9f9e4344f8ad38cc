import { closeSync, readSync } from 'node:fs'
import { runFiles } from '../runtimes/run-folder.ts'
import { openPlainFile } from '../util/plain-file.ts'

/** How many lines are shown of what a program said before it died, and how long each may be, characters. */
const shownLines = 20
const lineCharacters = 500

/** As much of the end of a file as can hold them, bytes. */
const tailBytes = 32 * 1024

/** The last lines a program said: of stderr, and of stdout where that leaves room. Oldest first. */
export function lastLines(folder: string): string[] {
  const files = runFiles(folder)
  const err = tailOf(files.err)
  const room = shownLines - err.length
  return [...(room > 0 ? tailOf(files.out).slice(-room) : []), ...err]
}

/** Last line that it said on stderr, cut to 200 characters; empty when there is none. */
export function lastErrorLine(folder: string): string {
  return (tailOf(runFiles(folder).err).at(-1) ?? '').slice(0, 200)
}

/** The last lines of a file that are not blank; none when it can't be read. */
function tailOf(file: string): string[] {
  try {
    const { descriptor, size } = openPlainFile(file, 'read')
    try {
      const tail = Buffer.alloc(tailBytes)
      const start = Math.max(0, size - tail.length)
      const text = tail.toString('utf8', 0, readSync(descriptor, tail, 0, tail.length, start))
      const lines = text.split('\n').slice(start > 0 ? 1 : 0)
      return lines
        .map((line) => line.trim().slice(0, lineCharacters))
        .filter((line) => line !== '')
        .slice(-shownLines)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return []
  }
}
