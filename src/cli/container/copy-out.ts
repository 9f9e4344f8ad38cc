import { lstat, mkdtemp, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { DroverError } from '../../schema/error.ts'
import { withInterrupt } from '../interrupt.ts'
import type { Invocation } from '../invocation.ts'
import { withProgress } from './copy-progress.ts'
import { runTar } from './run-tar.ts'

/** A path inside of an agent's container. */
export interface InnerPath {
  name: string
  path: string
}

/**
 * Copies what is at a path in an agent's container to this machine. It is unpacked in a new folder
 * that nothing else is in, and then moved: whatever links a tar has, nothing lands elsewhere.
 * Errors: `usage`, `file_not_found`, `copy_failed`.
 */
export async function copyOut(
  invocation: Invocation,
  inner: InnerPath,
  to: string,
): Promise<{ path: string }> {
  const { context } = invocation
  if (to === '-') {
    if (context.stdout.isTTY) {
      throw new DroverError('usage', 'cp: a tar is nothing for a terminal; send it to a file.')
    }
    await withInterrupt(
      () => 'Left; the tar is not whole.',
      async (signal) => await printTar(invocation, inner, signal),
    )
    return { path: to }
  }
  const target = await findTarget(path.resolve(context.cwd, to), to.endsWith('/'), inner)
  await withInterrupt(
    () => 'Left; nothing was copied.',
    async (signal) => await unpack(invocation, { inner, target }, signal),
  )
  return { path: target }
}

async function printTar(
  { context, client, output }: Invocation,
  { name, path: file }: InnerPath,
  signal: AbortSignal,
): Promise<void> {
  const tar = await client.boxes.readArchive(name, file, { signal })
  await withProgress(context, `copying ${file}`, async (counter) => {
    await pipeline(tar, counter, async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        await output.write(chunk)
      }
    })
  })
}

/** Where it is to be: below a folder that is there, else under the new name. */
async function findTarget(to: string, isFolder: boolean, inner: InnerPath): Promise<string> {
  const found = await stat(to).catch(() => null)
  if (found?.isDirectory()) {
    const name = path.posix.basename(path.posix.resolve('/', inner.path))
    if (name === '') {
      throw new DroverError('usage', `cp: ${inner.path} has no name; give one that is not there.`)
    }
    return path.join(to, name)
  }
  const parent = path.dirname(to)
  if (isFolder || !(await stat(parent).catch(() => null))?.isDirectory()) {
    throw new DroverError('usage', `cp: there is no folder ${isFolder ? to : parent}.`)
  }
  return to
}

async function unpack(
  { context, client }: Invocation,
  { inner, target }: { inner: InnerPath; target: string },
  signal: AbortSignal,
): Promise<void> {
  const tar = await client.boxes.readArchive(inner.name, inner.path, { signal })
  const folder = await mkdtemp(path.join(path.dirname(target), '.drover-cp-'))
  try {
    await withProgress(context, `copying ${inner.path}`, async (counter) => {
      const program = runTar([
        '-x',
        '--no-same-owner',
        '--no-same-permissions',
        '-f',
        '-',
        '-C',
        folder,
      ])
      program.stdout.resume()
      try {
        await pipeline(tar, counter, program.stdin)
      } catch (error) {
        // What tar says is nearer to the cause than that it reads no more.
        await program.done
        throw error
      }
      await program.done
    })
    const skipped = await removeSpecial(folder)
    const [top, ...others] = await readdir(folder)
    if (top === undefined || others.length > 0) {
      throw new DroverError('copy_failed', 'The tar from the container is not of one thing.')
    }
    await place(path.join(folder, top), target)
    if (skipped > 0) {
      context.stderr.write(
        `drover: ${skipped} left out: devices, sockets and pipes are not copied.\n`,
      )
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Removes what is neither file, folder nor link; how many there were. */
async function removeSpecial(folder: string): Promise<number> {
  let count = 0
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name)
    if (entry.isDirectory()) {
      count += await removeSpecial(file)
    } else if (!entry.isFile() && !entry.isSymbolicLink()) {
      await unlink(file)
      count++
    }
  }
  return count
}

/** Moves it there: a folder into one that is there, a file over one. No link is followed. Errors: `copy_failed`. */
async function place(source: string, target: string): Promise<void> {
  const there = await lstat(target).catch(() => null)
  const isFolder = (await lstat(source)).isDirectory()
  if (there !== null && there.isDirectory() !== isFolder) {
    const what = there.isDirectory() ? 'a folder' : 'no folder'
    throw new DroverError('copy_failed', `cp: ${target} is there, and is ${what}.`)
  }
  if (there === null || !isFolder) {
    await rename(source, target)
    return
  }
  for (const name of await readdir(source)) {
    await place(path.join(source, name), path.join(target, name))
  }
}
