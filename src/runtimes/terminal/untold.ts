import type { FileHandle } from 'node:fs/promises'
import { openPlainHandle } from '../../util/plain-file.ts'
import { Pen } from './pen.ts'

/** What tmux does not tell of a terminal, and is found in what the program said. */
export interface Untold {
  /** Sequences that set modes. */
  modes: string
  /** Sequences that make the program's pen what it is. */
  pen: string
}

/** Modes that a program may have set: bracketed paste, reports of the focus. */
const modes = ['2004', '1004'] as const

/** A program that did not set its pen in so many bytes has a fresh one. */
const penBytes = 64 * 1024

/** What is further back than this is not looked at. */
const farthestBytes = 64 * 1024 * 1024
const portionBytes = 1024 * 1024

/** A sequence that was cut in two by portions is no longer than this. */
const overlapBytes = 64

const nothing: Untold = { modes: '', pen: '' }

/** Looks through a run's output from its end. What can't be read says nothing. */
export async function findUntold(out: string): Promise<Untold> {
  const file = await openPlainHandle(out).catch(() => null)
  if (!file) {
    return nothing
  }
  try {
    const { size } = await file.stat()
    return { modes: await findModes(file, size), pen: await findPen(file, size) }
  } catch {
    return nothing
  } finally {
    await file.close()
  }
}

async function findPen(file: FileHandle, size: number): Promise<string> {
  const text = await readText(file, Math.max(0, size - penBytes), size)
  const pen = new Pen()
  for (const [, parameters = ''] of text.matchAll(/\u001b\[([\d;:]*)m/g)) {
    pen.apply(parameters)
  }
  return pen.toString()
}

async function findModes(file: FileHandle, size: number): Promise<string> {
  const found = new Map<string, boolean>()
  const oldest = Math.max(0, size - farthestBytes)
  for (let end = size; end > oldest && found.size < modes.length; end -= portionBytes) {
    const begin = Math.max(oldest, end - portionBytes)
    const text = await readText(file, begin, Math.min(size, end + overlapBytes))
    for (const mode of modes) {
      const isSet = found.get(mode) ?? lastSetting(text, mode)
      if (isSet !== null) {
        found.set(mode, isSet)
      }
    }
  }
  return modes
    .filter((mode) => found.get(mode))
    .map((mode) => `\u001b[?${mode}h`)
    .join('')
}

/** Whether the mode was set last, or reset; null where the text does neither. */
function lastSetting(text: string, mode: string): boolean | null {
  for (
    let at = text.lastIndexOf(mode);
    at >= 0;
    at = at > 0 ? text.lastIndexOf(mode, at - 1) : -1
  ) {
    const begin = text.lastIndexOf('\u001b[?', at)
    const match = /^\u001b\[\?([\d;]+)([hl])/.exec(text.slice(begin, begin + overlapBytes))
    if (begin >= 0 && match && match[1]?.split(';').includes(mode)) {
      return match[2] === 'h'
    }
  }
  return null
}

async function readText(file: FileHandle, begin: number, end: number): Promise<string> {
  const { buffer, bytesRead } = await file.read(
    Buffer.allocUnsafe(end - begin),
    0,
    end - begin,
    begin,
  )
  return buffer.toString('latin1', 0, bytesRead)
}
