import { closeSync, constants, fstatSync, openSync, readSync, writeFileSync } from 'node:fs'
import { confineForReading, confineForWriting } from './confine-path.ts'

/** Longest text that one tool call gives back, bytes. */
export const toolOutputBytes = 64 * 1024

/** The text of a file inside the folder, cut at the bound with a note. Throws when it can't be read. */
export function readFileInside(folder: string, name: string): string {
  // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const descriptor = openSync(confineForReading(folder, name), flags)
  try {
    const stat = fstatSync(descriptor)
    if (!stat.isFile()) {
      throw new Error(`${name} is not a file`)
    }
    const buffer = Buffer.alloc(Math.min(stat.size, toolOutputBytes))
    const text = buffer.toString('utf8', 0, readSync(descriptor, buffer))
    return stat.size > toolOutputBytes ? `${text}\n[cut: the file has ${stat.size} bytes]` : text
  } finally {
    closeSync(descriptor)
  }
}

/** Writes a file inside the folder. Throws when it would lie outside. */
export function writeFileInside(folder: string, name: string, content: string): string {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants
  const descriptor = openSync(
    confineForWriting(folder, name),
    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK,
    0o666,
  )
  try {
    writeFileSync(descriptor, content)
  } finally {
    closeSync(descriptor)
  }
  return `Wrote ${Buffer.byteLength(content)} bytes to ${name}.`
}
