import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readFile, readdir, readlink } from 'node:fs/promises'
import path from 'node:path'
import { DroverError } from '../../../schema/error.ts'
import { readIgnored, type Ignored } from './ignored.ts'
import type { TarEntry } from '../tar/pack-tar.ts'

/** How many files a folder may have that is sent to an engine; more is a folder that was not meant. */
const mostEntries = 250_000

/** What of a folder is sent to an engine, as its `.dockerignore` says; the Dockerfile is always there. */
export async function readContext(
  folder: string,
  dockerfile: string,
  signal: AbortSignal,
): Promise<TarEntry[]> {
  const ignored = readIgnored(await ignoreText(folder))
  const always = new Set([dockerfile, '.dockerignore'])
  const entries: TarEntry[] = []
  const walk = async (inside: string): Promise<void> => {
    signal.throwIfAborted()
    for (const name of (await readdir(path.join(folder, inside))).toSorted()) {
      const own = inside === '' ? name : `${inside}/${name}`
      const isOut = ignored.has(own) && !always.has(own)
      const entry =
        isOut && ignored.isFinal && !isAbove(own, always) ? null : await entryOf(folder, own)
      if (entry && (!isOut || entry.kind === 'folder')) {
        // A folder that is left out may hold what is not; without that it does no harm.
        entries.push(entry)
        checkCount(entries.length, folder)
      }
      if (entry?.kind === 'folder') {
        await walk(own)
      }
    }
  }
  await walk('')
  return withoutEmpty(entries, ignored)
}

/** The text of `.dockerignore`; none where there is none. */
export async function ignoreText(folder: string): Promise<string> {
  try {
    return await readFile(path.join(folder, '.dockerignore'), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return ''
    }
    throw error
  }
}

/** The same for the same names, modes and content, whenever they were written. */
export async function hashContext(
  entries: readonly TarEntry[],
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256')
  for (const entry of entries) {
    const { kind, name, mode } = entry
    const link = kind === 'link' ? entry.target : ''
    hash.update(`${JSON.stringify([kind, name, mode, link])}\n`)
    if (kind === 'file') {
      const own = createHash('sha256')
      for await (const chunk of createReadStream(entry.path, { signal })) {
        own.update(chunk as Buffer)
      }
      hash.update(own.digest())
    } else if (kind === 'text') {
      hash.update(entry.text)
    }
  }
  return hash.digest('hex')
}

/** Null for what no image can have: a socket, a FIFO, a device; or for what is gone. */
async function entryOf(folder: string, name: string): Promise<TarEntry | null> {
  const file = path.join(folder, name)
  const stats = await lstat(file).catch(() => null)
  const mode = (stats?.mode ?? 0) & 0o7777
  if (stats?.isSymbolicLink()) {
    return { kind: 'link', name, mode, target: await readlink(file) }
  }
  if (stats?.isDirectory()) {
    return { kind: 'folder', name, mode }
  }
  return stats?.isFile() ? { kind: 'file', name, mode, path: file, sizeBytes: stats.size } : null
}

function isAbove(folder: string, files: ReadonlySet<string>): boolean {
  return [...files].some((file) => file.startsWith(`${folder}/`))
}

/** Folders that are left out and hold nothing that is sent. */
function withoutEmpty(entries: readonly TarEntry[], ignored: Ignored): TarEntry[] {
  const needed = new Set<string>()
  const kept = entries.toReversed().filter(({ kind, name }) => {
    if (kind === 'folder' && ignored.has(name) && !needed.has(name)) {
      return false
    }
    needed.add(path.posix.dirname(name))
    return true
  })
  return kept.toReversed()
}

function checkCount(count: number, folder: string): void {
  if (count > mostEntries) {
    throw new DroverError(
      'image_failed',
      `container.build.context: ${folder} has more than ${mostEntries} files; a .dockerignore can leave some out.`,
      { details: { field: 'container.build.context' } },
    )
  }
}
