import { open, readFile, readdir, readlink, realpath, stat, lstat } from 'node:fs/promises'
import path from 'node:path'
import { DroverError } from '../../../schema/error.ts'
import type { TarEntry } from '../tar/pack-tar.ts'

/** Where copied packages are inside. */
const packagesFolder = 'opt/drover'

/**
 * A program of this machine, as it is to be in an image: a file that the kernel runs by itself, or
 * an npm package with all that it needs. Errors: `unsupported` for one that is neither.
 */
export async function copyProgram(name: string, program: string): Promise<TarEntry[]> {
  if (process.platform !== 'linux') {
    throw refuse(name, `${program} is not for Linux`)
  }
  const file = await realpath(program)
  if (await isBinary(file)) {
    const { size } = await stat(file)
    const inside = `usr/local/bin/${name}`
    return [{ kind: 'file', name: inside, mode: 0o755, path: file, sizeBytes: size }]
  }
  const root = await packageOf(file)
  if (root === null) {
    throw refuse(name, `${file} is neither a binary nor of an npm package`)
  }
  const top = outermost(root)
  const entries: TarEntry[] = []
  const inside = (each: string): string =>
    `${packagesFolder}/${name}/node_modules/${path.relative(top, each).split(path.sep).join('/')}`
  for (const each of (await closureOf(root)).toSorted()) {
    await addFolder(each, inside(each), entries)
  }
  const link = { kind: 'link', name: `usr/local/bin/${name}`, mode: 0o777 } as const
  return [...entries, { ...link, target: `/${inside(file)}` }]
}

/** ELF: what it needs beside itself is the C library of the image. */
async function isBinary(file: string): Promise<boolean> {
  const handle = await open(file)
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0)
    return buffer.toString('latin1') === '\x7fELF'
  } finally {
    await handle.close()
  }
}

/** The folder of the npm package that a file is of; null where it is of none. */
async function packageOf(file: string): Promise<string | null> {
  for (let folder = path.dirname(file); folder !== '/'; folder = path.dirname(folder)) {
    const parent = path.dirname(folder)
    const owner = path.basename(parent).startsWith('@') ? path.dirname(parent) : parent
    if (path.basename(owner) === 'node_modules' && (await readManifest(folder))) {
      return folder
    }
  }
  return null
}

/** The outermost `node_modules` that it is in: all that it needs is below. */
function outermost(folder: string): string {
  const parts = folder.split(path.sep)
  return parts.slice(0, parts.indexOf('node_modules') + 1).join(path.sep)
}

/** It and all the packages that it needs and that are there, as Node.js finds them. */
async function closureOf(root: string): Promise<string[]> {
  const found = new Set<string>([root])
  for (const folder of found) {
    const { dependencies = {}, optionalDependencies = {} } = (await readManifest(folder)) ?? {}
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const needed = await findPackage(name, folder)
      if (needed !== null) {
        found.add(needed)
      }
    }
  }
  // One inside of another comes with it.
  return [...found].filter(
    (each) => ![...found].some((other) => each.startsWith(`${other}${path.sep}`)),
  )
}

async function findPackage(name: string, from: string): Promise<string | null> {
  const top = path.dirname(outermost(from))
  for (let folder = from; folder.length >= top.length; folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'node_modules', name)
    if (await readManifest(candidate)) {
      return candidate
    }
    if (folder === '/') {
      break
    }
  }
  return null
}

interface Manifest {
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

async function readManifest(folder: string): Promise<Manifest | null> {
  try {
    return JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as Manifest
  } catch {
    return null
  }
}

async function addFolder(folder: string, inside: string, entries: TarEntry[]): Promise<void> {
  entries.push({ kind: 'folder', name: inside, mode: 0o755 })
  for (const name of (await readdir(folder)).toSorted()) {
    const file = path.join(folder, name)
    const own = `${inside}/${name}`
    const stats = await lstat(file)
    if (stats.isDirectory()) {
      await addFolder(file, own, entries)
    } else if (stats.isSymbolicLink()) {
      entries.push({ kind: 'link', name: own, mode: 0o777, target: await readlink(file) })
    } else if (stats.isFile()) {
      const mode = (stats.mode & 0o111) === 0 ? 0o644 : 0o755
      entries.push({ kind: 'file', name: own, mode, path: file, sizeBytes: stats.size })
    }
  }
}

function refuse(name: string, why: string): DroverError {
  return new DroverError(
    'unsupported',
    `copy: ${name} can't be copied: ${why}; without copy it is fetched from its registry.`,
    { details: { field: 'copy' } },
  )
}
