import { closeSync, lstatSync, writeSync } from 'node:fs'
import path from 'node:path'
import { isNotPlain, openPlainFile, readPlainFile } from '../util/plain-file.ts'
import { createPrivateFolder } from '../util/private-file.ts'
import type { Exit } from './contract.ts'

/**
 * The record of a run: what the program was told (`in`), what it said (`out`, `err`), how it ended
 * (`exit`). All append-only and private, on disk whether or not a daemon lives. A program in a container
 * can put anything in the place of any of them: open them by `util/plain-file.ts` only.
 */
export interface RunFiles {
  in: string
  out: string
  err: string
  exit: string
  /** FIFO that wakes whoever feeds `in` to the program. */
  bell: string
  /** Made when no more input will come. */
  end: string
  /** Made before the program is told to stop: one that is still on its way up does not begin. */
  stop: string
  /** Who brings the program up writes its pid here first; only one can. */
  holder: string
  /** What its program's hooks noted, JSON lines; only of a program at a terminal. */
  notes: string
  /** Folder of answers that hooks wait for. */
  answers: string
  /** How its limits are kept, written before anything is made for them; only where it has limits. */
  limits: string
}

export function runFiles(folder: string): RunFiles {
  return {
    in: path.join(folder, 'in'),
    out: path.join(folder, 'out'),
    err: path.join(folder, 'err'),
    exit: path.join(folder, 'exit'),
    bell: path.join(folder, 'bell'),
    end: path.join(folder, 'end'),
    stop: path.join(folder, 'stop'),
    holder: path.join(folder, 'holder'),
    notes: path.join(folder, 'notes'),
    answers: path.join(folder, 'answers'),
    limits: path.join(folder, 'limits'),
  }
}

/** Makes the folder and its three empty files; what exists stays as it is, whatever it is. */
export function createRunFolder(folder: string): void {
  createPrivateFolder(folder)
  const { in: input, out, err } = runFiles(folder)
  for (const file of [input, out, err]) {
    try {
      closeSync(openPlainFile(file, 'append').descriptor)
    } catch (error) {
      if (!isNotPlain(error)) {
        throw error
      }
    }
  }
}

/**
 * Puts bytes at their place in an append-only file, exactly once: what an earlier, interrupted call
 * already wrote is left, only the rest is added. Calls must come in the order of their offsets.
 * Throws if bytes before `offset` are missing, or if it is no plain file.
 */
export function appendAt(file: string, offset: number, bytes: Buffer): void {
  const { descriptor, size } = openPlainFile(file, 'append')
  try {
    if (size < offset) {
      throw new Error(`${file} has ${size} bytes, ${offset} were expected before the next write.`)
    }
    let done = size - offset
    while (done < bytes.length) {
      done += writeSync(descriptor, bytes, done)
    }
  } finally {
    closeSync(descriptor)
  }
}

/**
 * The ending on record; null while there is none. The file counts once its line is whole. A shell
 * reports a death by signal n as 128 + n; a program that exits so by itself can't be told from it.
 */
export function readExit(folder: string): Exit | null {
  return readEnding(runFiles(folder).exit)
}

/** The same of any file of one line. */
export function readEnding(file: string): Exit | null {
  let text: string
  try {
    // It is looked for at each portion of output, so that it is not there must not cost an exception.
    if (!lstatSync(file, { throwIfNoEntry: false })) {
      return null
    }
    text = readPlainFile(file)
  } catch {
    return null
  }
  const match = /^(\d+)\n/.exec(text)
  return match ? exitOfStatus(Number(match[1])) : null
}

const signalNames: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  10: 'SIGUSR1',
  11: 'SIGSEGV',
  12: 'SIGUSR2',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
  24: 'SIGXCPU',
  25: 'SIGXFSZ',
}

/** A shell's exit status as code or signal. */
export function exitOfStatus(status: number): Exit {
  const signal = status > 128 ? signalNames[status - 128] : undefined
  return signal ? { code: null, signal } : { code: status, signal: null }
}

/**
 * Where a program in a box finds its run: below what the runtime keeps for the agent, whose folder is
 * given. It is the same path outside, and a link there.
 */
export function boxRunFolder(folder: string): string {
  return path.join(folder, 'run')
}
