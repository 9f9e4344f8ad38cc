import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { Exit } from '../runtimes/contract.ts'
import { runFiles } from '../runtimes/run-folder.ts'

/** How a program ended, in words, with the last line it said on stderr where it failed. */
export function causeOfExit(exit: Exit, folder: string): string | null {
  if (exit.code === 0) {
    return null
  }
  const how = exit.signal ? `ended by ${exit.signal}` : `exit code ${exit.code}`
  const last = lastLine(runFiles(folder).err)
  return last ? `${how}: ${last}` : how
}

/** Last line of a file that is not empty, cut to 200 characters. */
function lastLine(file: string): string {
  try {
    const descriptor = openSync(file, 'r')
    try {
      const tail = Buffer.alloc(1024)
      const { size } = fstatSync(descriptor)
      const bytes = readSync(descriptor, tail, 0, tail.length, Math.max(0, size - tail.length))
      const lines = tail.toString('utf8', 0, bytes).trimEnd().split('\n')
      return (lines.at(-1) ?? '').trim().slice(0, 200)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return ''
  }
}
