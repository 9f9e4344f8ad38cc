import { closeSync, openSync, readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { DroverError } from '../schema/error.ts'
import type { Home } from '../util/home.ts'
import { createPrivateFolder } from '../util/private-file.ts'

/** Held as long as the daemon lives; the system lets go of it when the process dies, however that is. */
export interface HomeLock {
  release(): void
}

/**
 * Takes the home for this process. The lock is an exclusive transaction on a small SQLite file, so
 * it is a lock of the system, not a file that can be left over. Errors: `home_locked`.
 */
export function lockHome(home: Home): HomeLock {
  createPrivateFolder(home.folder)
  // Whoever could read it could lock it.
  closeSync(openSync(home.lockFile, 'a', 0o600))
  const database = new DatabaseSync(home.lockFile, { timeout: 0 })
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    throw new DroverError('home_locked', `Another daemon${ownerOf(home)} runs on ${home.folder}.`, {
      details: { home: home.folder },
      cause: error,
    })
  }
  return { release: () => database.close() }
}

function ownerOf(home: Home): string {
  try {
    const { pid } = JSON.parse(readFileSync(home.daemonFile, 'utf8')) as { pid?: number }
    return pid ? ` (pid ${pid})` : ''
  } catch {
    return ''
  }
}
