import { mkdtemp, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { DroverError } from '../../schema/error.ts'
import type { BoxFile } from '../../schema/exec.ts'
import { withInterrupt } from '../interrupt.ts'
import type { Invocation } from '../invocation.ts'
import type { InnerPath } from './copy-out.ts'
import { withProgress } from './copy-progress.ts'
import { runTar } from './run-tar.ts'

/** What tar is to make, and where it is unpacked. */
interface Plan {
  tarArgs: readonly string[]
  /** Inside. */
  folder: string
  make: boolean
  /** Where it is then. */
  path: string
}

/** Copies a file or folder of this machine into an agent's container. Errors: `usage`, `file_not_found`, `copy_failed`. */
export async function copyIn(
  invocation: Invocation,
  from: string,
  inner: InnerPath,
): Promise<{ path: string }> {
  return await withInterrupt(
    () => 'Left; what was copied before stays.',
    async (signal) => {
      if (from === '-') {
        await sendStandardInput(invocation, inner, signal)
        return { path: inner.path }
      }
      return { path: await send(invocation, { from, inner }, signal) }
    },
  )
}

async function sendStandardInput(
  { context, client }: Invocation,
  { name, path: folder }: InnerPath,
  signal: AbortSignal,
): Promise<void> {
  if (context.stdin.isTTY) {
    throw new DroverError('usage', 'cp: - is a tar on standard input, and that is a terminal.')
  }
  await withProgress(context, `copying to ${folder}`, async (counter) => {
    const tar = Readable.from(context.stdin).pipe(counter)
    await client.boxes.writeArchive(name, folder, tar, { signal })
  })
}

async function send(
  { context, client }: Invocation,
  { from, inner }: { from: string; inner: InnerPath },
  signal: AbortSignal,
): Promise<string> {
  const source = path.resolve(context.cwd, from)
  const found = await stat(source).catch(() => null)
  if (!found?.isDirectory() && !found?.isFile()) {
    const what = found ? 'is neither file nor folder' : 'does not exist'
    throw new DroverError('usage', `cp: ${source} ${what}.`)
  }
  const there = await client.boxes
    .stat(inner.name, inner.path, { signal })
    .catch((error: unknown) => {
      if (error instanceof DroverError && error.code === 'file_not_found') {
        return null
      }
      throw error
    })
  const scratch = await mkdtemp(path.join(tmpdir(), 'drover-cp-'))
  try {
    const plan = await (found.isDirectory()
      ? planFolder(source, inner, there)
      : planFile({ source, scratch }, inner, there))
    await withProgress(context, `copying ${from}`, async (counter) => {
      const tar = runTar(['-c', '-f', '-', ...plan.tarArgs])
      tar.stdin.end()
      // One that breaks off is not to be taken for whole.
      tar.done.then(
        () => counter.end(),
        (error: Error) => counter.destroy(error),
      )
      const { make, folder } = plan
      tar.stdout.pipe(counter, { end: false })
      try {
        await client.boxes.writeArchive(inner.name, folder, counter, { make, signal })
      } finally {
        tar.end()
      }
      await tar.done
    })
    return plan.path
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Below a folder that is there, else under the new name. */
function planFolder(source: string, inner: InnerPath, there: BoxFile | null): Plan {
  if (there && there.kind !== 'folder') {
    throw new DroverError('usage', `cp: ${there.path} is there, and is no folder.`)
  }
  const folder = there ? path.posix.join(inner.path, path.basename(source)) : inner.path
  return { tarArgs: ['-C', source, '.'], folder, make: true, path: folder }
}

/** A link with the name that it is to have, which tar follows. */
async function planFile(
  { source, scratch }: { source: string; scratch: string },
  inner: InnerPath,
  there: BoxFile | null,
): Promise<Plan> {
  const isInto = there?.kind === 'folder'
  if (!isInto && /(^|\/)\.{0,2}$/.test(inner.path)) {
    throw new DroverError('usage', `cp: there is no folder ${inner.path} in its container.`)
  }
  const name = isInto ? path.basename(source) : path.posix.basename(inner.path)
  const folder = isInto ? inner.path : path.posix.dirname(inner.path)
  await symlink(source, path.join(scratch, name))
  return {
    tarArgs: ['-h', '-C', scratch, `./${name}`],
    folder,
    make: false,
    path: path.posix.join(folder, name),
  }
}
