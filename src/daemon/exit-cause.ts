import type { Exit } from '../runtimes/contract.ts'
import { lastErrorLine } from './last-lines.ts'

/** How a program ended, in words, with the last line it said on stderr where it failed. */
export function causeOfExit(exit: Exit, folder: string): string | null {
  if (exit.code === 0) {
    return null
  }
  const how = exit.signal ? `ended by ${exit.signal}` : `exit code ${exit.code}`
  const last = lastErrorLine(folder)
  return last ? `${how}: ${last}` : how
}
