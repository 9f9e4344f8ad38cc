import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { isOpenInFolder, NotPlainError, openPlainFile } from '../util/plain-file.ts'

/** How long the system may take to free part of a file, ms. */
const deadlineMs = 10_000

/**
 * Frees the blocks at the beginning of a file that somebody writes to; it stays as long as it was.
 * Throws where the file system can't, and where it is no plain file; nothing else is ever punched.
 * Source: fallocate(2), PUNCH_HOLE.
 */
export async function punchHole(file: string, bytes: number, signal: AbortSignal): Promise<void> {
  const { descriptor } = openPlainFile(file, 'change')
  try {
    if (!isOpenInFolder(descriptor, file)) {
      throw new NotPlainError(file)
    }
    // By its descriptor: another file may have the name by the time that it is opened again.
    const args = ['--punch-hole', '--keep-size', '--offset', '0', '--length', String(bytes)]
    const child = spawn('fallocate', [...args, '/dev/fd/3'], {
      stdio: ['ignore', 'ignore', 'pipe', descriptor],
      timeout: deadlineMs,
      signal,
    })
    const [said, [code]] = await Promise.all([text(child.stderr!), once(child, 'close')])
    if (code !== 0) {
      throw new Error(said.trim() || `fallocate ended with ${code}`)
    }
  } finally {
    closeSync(descriptor)
  }
}
