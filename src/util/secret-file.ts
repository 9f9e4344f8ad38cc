import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync } from 'node:fs'
import { writePrivateFile } from './private-file.ts'

/** The secret that a file holds: 256 random bits as text, made once. A file that others could read is closed to them. */
export function readSecret(file: string): string {
  try {
    const secret = readFileSync(file, 'utf8').trim()
    if (secret !== '') {
      chmodSync(file, 0o600)
      return secret
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw error
    }
  }
  const secret = randomBytes(32).toString('base64url')
  writePrivateFile(file, `${secret}\n`)
  return secret
}
