import { writePlainFile } from '../../../util/plain-file.ts'
import type { RunReference } from '../../contract.ts'
import { runFiles } from '../../run-folder.ts'

/** What became of a run; `cause` is told where it left no ending. */
export interface Outcome {
  hasExit: boolean
  cause: string
  isOutOfMemory: boolean
}

export function lost(cause: string): Outcome {
  return { hasExit: false, cause, isOutOfMemory: false }
}

/** The ending comes home after all else. */
export function putExit(run: RunReference, status: number): void {
  writePlainFile(runFiles(run.folder).exit, `${status}\n`)
}
