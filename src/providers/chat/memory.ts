import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import { createPrivateFolder } from '../../util/private-file.ts'
import type { MemoryPlace } from './chat-config.ts'
import { confineForReading, confineForWriting } from './confine-path.ts'

/** Memory given to the model, bytes; of a longer file, the end. */
const shownBytes = 64 * 1024

/** The memory file's text; empty when there is no file. Throws when it is there and can't be read. */
export function readMemory(place: MemoryPlace, folder: string): string {
  try {
    const file = place.isInFolder ? confineForReading(folder, place.file) : place.file
    const bytes = readFileSync(file)
    return bytes.subarray(-shownBytes).toString('utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return ''
    }
    throw error
  }
}

/** Adds one fact, one line, to the memory file. */
export function appendMemory(place: MemoryPlace, folder: string, fact: string): void {
  const line = fact.replaceAll(/\s+/g, ' ').trim()
  const file = place.isInFolder ? confineForWriting(folder, place.file) : place.file
  createPrivateFolder(path.dirname(file))
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants
  const linkFlag = place.isInFolder ? O_NOFOLLOW : 0
  const descriptor = openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | linkFlag, 0o600)
  try {
    writeSync(descriptor, `- ${line}\n`)
  } finally {
    closeSync(descriptor)
  }
}
