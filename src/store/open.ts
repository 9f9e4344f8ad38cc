import { closeSync, existsSync, openSync, readSync, renameSync, statSync } from 'node:fs'
import path from 'node:path'
import { DroverError } from '../schema/error.ts'
import { fileSize } from '../util/file-size.ts'
import { createPrivateFolder } from '../util/private-file.ts'
import { Database } from './database.ts'
import { migrations as ownMigrations } from './migrations.ts'

export interface OpenOptions {
  file: string
  backupsFolder: string
  /** A person said so: a corrupt file is renamed and an empty one begun. */
  moveAsideCorrupt: boolean
  /** Folders that rows refer to; they are set aside with a corrupt file. */
  companions?: readonly string[]
  /** Told what was done to the file, for the log. */
  report: (line: string) => void
  /** Left out: Drover's own. */
  migrations?: readonly string[]
}

/**
 * Opens the database, brought to the newest schema. Errors: `database_corrupt` (the file is left as
 * it is), `database_newer`. A file that exists and is empty was cut off and counts as corrupt.
 */
export function openDatabase(options: OpenOptions): Database {
  createPrivateFolder(path.dirname(options.file))
  try {
    return openChecked(options)
  } catch (error) {
    if (
      !(
        error instanceof DroverError &&
        error.code === 'database_corrupt' &&
        options.moveAsideCorrupt
      )
    ) {
      throw error
    }
    const kept = moveAside(options)
    options.report(`The corrupt database was kept as ${kept}; an empty one was begun.`)
    return openChecked(options)
  }
}

function openChecked(options: OpenOptions): Database {
  const isNew = !existsSync(options.file)
  const needsCheck = !isNew && checkHeader(options.file)
  let database: Database | undefined
  try {
    closeSync(openSync(options.file, 'a', 0o600))
    database = new Database(options.file)
    if (needsCheck) {
      checkContent(database, options.file)
    }
    if (!isNew) {
      checkSchema(database, options.file)
    }
    database.execute(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192; PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = 4000',
    )
    migrate(database, options, isNew)
    return database
  } catch (error) {
    database?.close()
    throw isCorruption(error) ? corrupt(options.file, error) : error
  }
}

const headerText = 'SQLite format 3\0'

/** Files up to this size are read whole at each start; larger ones only when their size is wrong. */
const alwaysCheckedBytes = 32 * 1024 * 1024

/**
 * The first bytes tell a database from anything else, before SQLite may take an empty file for a
 * new one. Returns whether the content needs a look. Source: sqlite.org/fileformat2.html, 1.3.
 */
function checkHeader(file: string): boolean {
  const header = Buffer.alloc(100)
  const descriptor = openSync(file, 'r')
  const { size } = statSync(file)
  try {
    if (
      readSync(descriptor, header, 0, 100, 0) < 100 ||
      header.toString('latin1', 0, 16) !== headerText
    ) {
      throw corrupt(file, new Error(`${size} bytes, with no database header`))
    }
  } finally {
    closeSync(descriptor)
  }
  const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16)
  const wantedBytes = header.readUInt32BE(28) * pageBytes
  // SQLite reads a last page that is cut off as if zeroes stood there. With a log beside it, a
  // file may be short for a good reason: it was being folded in.
  if (size < wantedBytes && fileSize(`${file}-wal`) === 0) {
    throw corrupt(file, new Error(`${size} bytes of ${wantedBytes}`))
  }
  return size <= alwaysCheckedBytes || size < wantedBytes
}

function checkContent(database: Database, file: string): void {
  const answer = database.get<{ quick_check: string }>('PRAGMA quick_check(1)')?.quick_check
  if (answer !== 'ok') {
    throw corrupt(file, new Error(String(answer)))
  }
}

function checkSchema(database: Database, file: string): void {
  if (schemaVersion(database) === 0) {
    throw corrupt(file, new Error('it has no schema'))
  }
}

function schemaVersion(database: Database): number {
  return database.get<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0
}

function migrate(
  database: Database,
  { file, backupsFolder, report, migrations = ownMigrations }: OpenOptions,
  isNew: boolean,
): void {
  const version = schemaVersion(database)
  if (version > migrations.length) {
    throw new DroverError(
      'database_newer',
      `${file} was written by a newer Drover (schema ${version}; this one knows ${migrations.length}).`,
    )
  }
  if (version === migrations.length) {
    return
  }
  if (!isNew) {
    report(
      `The database was copied to ${backUp(database, backupsFolder, version)} before it was changed.`,
    )
  }
  database.transaction('durable', () => {
    for (const step of migrations.slice(version)) {
      database.execute(step)
    }
    database.execute(`PRAGMA user_version = ${migrations.length}`)
  })
}

/** A whole copy, made by SQLite itself; returns its path. */
function backUp(database: Database, folder: string, version: number): string {
  createPrivateFolder(folder)
  const file = path.join(
    folder,
    `schema-${version}-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.db`,
  )
  database.run('VACUUM INTO ?', file)
  return file
}

/** Renames the file, its log and what belongs to it; returns the file's new path. */
function moveAside({ file, companions = [] }: OpenOptions): string {
  const suffix = `.corrupt-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`
  const places = [
    ...companions.map((folder) => [folder, folder + suffix] as const),
    ...['-wal', '-shm', ''].map((end) => [file + end, file + suffix + end] as const),
  ]
  for (const [from, to] of places) {
    if (existsSync(from)) {
      renameSync(from, to)
    }
  }
  return file + suffix
}

function corrupt(file: string, cause: unknown): DroverError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new DroverError('database_corrupt', `The database ${file} can't be read: ${reason}.`, {
    cause,
  })
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. Source: sqlite.org/rescode.html */
function isCorruption(error: unknown): boolean {
  const code = (error as { errcode?: number }).errcode
  return code !== undefined && ((code & 0xff) === 11 || (code & 0xff) === 26)
}
