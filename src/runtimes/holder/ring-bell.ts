import { closeSync, writeSync } from 'node:fs'
import { isNotPlain, openPipe, openPlainFile } from '../../util/plain-file.ts'
import type { RunReference } from '../contract.ts'
import { runFiles } from '../run-folder.ts'

/** More bytes than this are fed by a `cat`; fewer by the shell itself, which reads byte by byte. */
export const littleInputBytes = 2048

/** Which ring tells the holder about so many new bytes. */
export function ringFor(bytes: number): 'r' | 'c' {
  return bytes <= littleInputBytes ? 'r' : 'c'
}

const noRing: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENXIO', 'EPIPE', 'EAGAIN'])

/**
 * Wakes the holder's feeder. Without a bell it has not looked at the input yet, and will; with a
 * full one it is awake anyway; one that goes away meanwhile needs no ring. What a program put in the
 * bell's place is left alone: it goes without.
 */
export function ringBell(run: RunReference, word: 'r' | 'c' | 'q'): void {
  try {
    const bell = openPipe(runFiles(run.folder).bell)
    try {
      writeSync(bell, `${word}\n`)
    } finally {
      closeSync(bell)
    }
  } catch (error) {
    if (!isNotPlain(error) && !noRing.has((error as NodeJS.ErrnoException).code)) {
      throw error
    }
  }
}

/** Tells the feeder that no more input will come. */
export function ringEnd(run: RunReference): void {
  // The file first: a ring is lost on a holder that has no bell yet, but it will look.
  try {
    closeSync(openPlainFile(runFiles(run.folder).end, 'append').descriptor)
  } catch (error) {
    if (!isNotPlain(error) && (error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw error
    }
  }
  ringBell(run, 'q')
}
