import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  writeSync,
  type Stats,
} from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import path from 'node:path'

/**
 * Files in folders that somebody else can write, too, such as an agent in a container. There a name can
 * stand for anything: a link out of the folder, a pipe that blocks who opens it, a device. What is
 * opened here is the very file of that name, or nothing.
 */

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_TRUNC, O_WRONLY } = constants

/** Never through a link, and never waiting for the other end of a pipe. */
const safely = O_NOFOLLOW | O_NONBLOCK

/** Where a file should be is something else, and it was left alone. */
export class NotPlainError extends Error {
  readonly code = 'ENOTPLAIN'

  constructor(file: string, cause?: unknown) {
    super(`${file} is no plain file: something else was put in its place.`, { cause })
    this.name = 'NotPlainError'
  }
}

/** A file that was opened. Whoever has it closes it. */
export interface PlainFile {
  descriptor: number
  /** Bytes, when it was opened. */
  size: number
}

const modes = {
  read: O_RDONLY,
  append: O_WRONLY | O_APPEND | O_CREAT,
  replace: O_WRONLY | O_CREAT | O_TRUNC,
  /** Must not be there yet. */
  create: O_WRONLY | O_CREAT | O_EXCL,
  /** Must be there. */
  change: constants.O_RDWR,
} as const

/**
 * Opens a file, private where it is made. Errors: `NotPlainError` where something else stands there,
 * and those of open(2).
 */
export function openPlainFile(file: string, mode: keyof typeof modes): PlainFile {
  const descriptor = refusing(file, () => openSync(file, modes[mode] | safely, 0o600))
  try {
    const stats = fstatSync(descriptor)
    requirePlain(file, stats)
    return { descriptor, size: stats.size }
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/** Opens a file to read, asynchronously. Errors: as `openPlainFile`. */
export async function openPlainHandle(file: string): Promise<FileHandle> {
  const handle = await open(file, O_RDONLY | safely).catch((error: unknown) => {
    throw explain(file, error)
  })
  try {
    requirePlain(file, await handle.stat())
    if (!isOpenInFolder(handle.fd, file)) {
      throw new NotPlainError(file)
    }
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

/**
 * The pipe of that name, to write to without waiting. Errors: `NotPlainError` where something else
 * stands there; those of open(2), as ENXIO where nobody reads it.
 */
export function openPipe(file: string): number {
  let descriptor: number
  try {
    descriptor = openSync(file, O_WRONLY | safely)
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENXIO' ? error : explain(file, error)
  }
  if (fstatSync(descriptor).isFIFO()) {
    return descriptor
  }
  closeSync(descriptor)
  throw new NotPlainError(file)
}

/** What a small file says; of a long one the beginning. Errors: as `openPlainFile`. */
export function readPlainFile(file: string, mostBytes = 64 * 1024): string {
  const { descriptor, size } = openPlainFile(file, 'read')
  try {
    const bytes = Buffer.alloc(Math.min(size, mostBytes))
    return bytes.toString('utf8', 0, readSync(descriptor, bytes, 0, bytes.length, 0))
  } finally {
    closeSync(descriptor)
  }
}

/** Writes a small file. Errors: as `openPlainFile`. */
export function writePlainFile(
  file: string,
  content: string | Buffer,
  mode: 'append' | 'replace' | 'create' = 'replace',
): void {
  const { descriptor } = openPlainFile(file, mode)
  try {
    const bytes = Buffer.from(content)
    for (let done = 0; done < bytes.length;) {
      done += writeSync(descriptor, bytes, done)
    }
  } finally {
    closeSync(descriptor)
  }
}

/** Whether it is one that says that something else stands there. */
export function isNotPlain(error: unknown): boolean {
  return error instanceof NotPlainError
}

function requirePlain(file: string, stats: Stats): void {
  if (!stats.isFile()) {
    throw new NotPlainError(file)
  }
}

function refusing(file: string, act: () => number): number {
  try {
    return act()
  } catch (error) {
    throw explain(file, error)
  }
}

/** What open(2) says of links, of folders, and of sockets and pipes that nobody reads. */
const foreign: ReadonlySet<string> = new Set(['ELOOP', 'EMLINK', 'EISDIR', 'ENXIO', 'EOPNOTSUPP'])

function explain(file: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  return code !== undefined && foreign.has(code) ? new NotPlainError(file, error) : error
}

/**
 * Opens a file to read that is really inside one of the folders, links and all; null for the folders:
 * anywhere. Errors: as `openPlainFile`.
 */
export function openFileInside(file: string, folders: readonly string[] | null): PlainFile {
  const descriptor = openSync(file, O_RDONLY | O_NONBLOCK)
  try {
    const stats = fstatSync(descriptor)
    requirePlain(file, stats)
    if (folders !== null && !isOpenInside(descriptor, file, folders)) {
      throw new NotPlainError(file)
    }
    return { descriptor, size: stats.size }
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/**
 * Whether what was opened is in one of the folders. By the descriptor where the system tells, for a
 * link can be another one by the time that it is looked at.
 */
export function isOpenInside(
  descriptor: number,
  file: string,
  folders: readonly string[],
): boolean {
  const place = placeOf(descriptor, file)
  return folders.some((folder) => isInside(place, folder))
}

/**
 * Whether what was opened is really in its run's folder. That can be a link of ours, as a guest's is, into
 * a folder that a program can replace by another link.
 */
export function isOpenInFolder(descriptor: number, file: string): boolean {
  const folder = path.dirname(file)
  if (!lstatSync(folder).isSymbolicLink()) {
    return true
  }
  const { dir, base } = path.parse(readlinkSync(folder))
  const own = path.join(realpathSync(dir), base, path.basename(file))
  return placeOf(descriptor, file) === own
}

function placeOf(descriptor: number, file: string): string {
  return process.platform === 'linux'
    ? readlinkSync(`/proc/self/fd/${descriptor}`)
    : realpathSync(file)
}

function isInside(place: string, folder: string): boolean {
  try {
    return place.startsWith(path.join(realpathSync(folder), path.sep))
  } catch {
    return false
  }
}

/**
 * Makes the folders of a file below one that is there, for their owner only. Errors: `NotPlainError`
 * where a link, or no folder, is on the way; nothing is made then.
 */
export function createFoldersInside(folder: string, file: string): void {
  let place = folder
  for (const name of path.relative(folder, path.dirname(file)).split(path.sep).filter(Boolean)) {
    place = path.join(place, name)
    const stats = lstatSync(place, { throwIfNoEntry: false })
    if (!stats) {
      mkdirSync(place, 0o700)
    } else if (!stats.isDirectory()) {
      throw new NotPlainError(place)
    }
  }
}

/**
 * Refuses a file that stands, links and all, elsewhere than its path says below that folder. One that
 * is not there is none. Errors: `NotPlainError`.
 */
export function requirePlainBelow(folder: string, file: string): void {
  let place = folder
  for (const name of path.relative(folder, file).split(path.sep)) {
    place = path.join(place, name)
    const stats = lstatSync(place, { throwIfNoEntry: false })
    if (stats && !(place === file ? stats.isFile() : stats.isDirectory())) {
      throw new NotPlainError(place)
    }
  }
}
