import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** How long the system may take to free part of a file, ms. */
const deadlineMs = 10_000

/**
 * Frees the blocks at the beginning of a file that somebody writes to; it stays as long as it was.
 * Throws where the file system can't. Source: fallocate(2), PUNCH_HOLE.
 */
export async function punchHole(file: string, bytes: number, signal: AbortSignal): Promise<void> {
  const args = ['--punch-hole', '--keep-size', '--offset', '0', '--length', String(bytes), file]
  await promisify(execFile)('fallocate', args, { timeout: deadlineMs, signal })
}
