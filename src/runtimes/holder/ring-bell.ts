import { closeSync, constants, openSync, writeSync } from 'node:fs'
import type { RunReference } from '../contract.ts'
import { runFiles } from '../run-folder.ts'

/** More bytes than this are fed by a `cat`; fewer by the shell itself, which reads byte by byte. */
export const littleInputBytes = 2048

/** Which ring tells the holder about so many new bytes. */
export function ringFor(bytes: number): 'r' | 'c' {
  return bytes <= littleInputBytes ? 'r' : 'c'
}

/**
 * Wakes the holder's feeder. Without a bell it has not looked at the input yet, and will; with a
 * full one it is awake anyway; one that goes away meanwhile needs no ring.
 */
export function ringBell(run: RunReference, word: 'r' | 'c' | 'q'): void {
  try {
    const bell = openSync(runFiles(run.folder).bell, constants.O_WRONLY | constants.O_NONBLOCK)
    try {
      writeSync(bell, `${word}\n`)
    } finally {
      closeSync(bell)
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENXIO' && code !== 'EPIPE' && code !== 'EAGAIN') {
      throw error
    }
  }
}

/** Tells the feeder that no more input will come. */
export function ringEnd(run: RunReference): void {
  // The file first: a ring is lost on a holder that has no bell yet, but it will look.
  try {
    closeSync(openSync(runFiles(run.folder).end, 'a', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw error
    }
  }
  ringBell(run, 'q')
}
