import { readFileSync } from 'node:fs'
import { createId } from '../util/id.ts'
import { writePrivateFile } from '../util/private-file.ts'
import { bootId } from '../util/process-identity.ts'
import type { Database } from './database.ts'

/**
 * The home's identity, made once. It stands in the database and in a file beside it: whichever is
 * lost, what was started under it is found again.
 */
export function settleInstance(database: Database, file: string): string {
  const kept = readKept(file)
  const instance = read(database, 'instance') ?? kept ?? createId('home')
  if (kept !== instance) {
    writePrivateFile(file, `${instance}\n`)
  }
  write(database, 'instance', instance)
  return instance
}

/** Far more events than a machine makes between two syncs. */
const skippedNumbers = 1_000_000

/**
 * Notes the boot of the machine under which the database is written. Events are committed without a
 * sync, so when the machine went down under a daemon the newest may be gone; their numbers, which
 * clients may hold, are then skipped, so that none is given twice.
 */
export function beginBoot(database: Database): void {
  const before = read(database, 'boot')
  if (before && before !== bootId()) {
    database.run(`UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'events'`, skippedNumbers)
  }
  write(database, 'boot', bootId())
}

/** All that was written is about to be synced. */
export function endBoot(database: Database): void {
  write(database, 'boot', '')
}

function read(database: Database, key: string): string | undefined {
  return database.get<{ value: string }>('SELECT value FROM home WHERE key = ?', key)?.value
}

function write(database: Database, key: string, value: string): void {
  if (read(database, key) !== value) {
    database.transaction('durable', () =>
      database.run('INSERT OR REPLACE INTO home (key, value) VALUES (?, ?)', key, value),
    )
  }
}

function readKept(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim() || undefined
  } catch {
    return undefined
  }
}
