import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { findProgram } from '../../src/util/find-program.ts'
import type { DockerEngine } from './docker-engine.ts'

const run = promisify(execFile)

/** What an image of the tests has; no registry is needed for it. */
interface Recipe {
  name: string
  /** Programs of this machine, by name; those that it lacks are left out. */
  programs: readonly string[]
  /** Programs of this machine at other places: name inside → path here. */
  others: Readonly<Record<string, string>>
  /** Folders that are there as they are here. */
  folders: readonly string[]
}

/** dash and bash, coreutils, and what scripts of ours call. */
const smallPrograms =
  'sh bash cat chmod chown cp cut date dd env expr false find flock grep head id kill ln ls mkdir mkfifo mktemp mv nohup od printf ps pwd readlink rm rmdir sed seq setsid sleep sort stat stdbuf stty sync tail tar tee test timeout touch tr true tty uname wc which xargs yes awk gzip hostname'.split(
    ' ',
  )

/** Raised when a recipe changes, so that no old tar is taken. */
const edition = 3

const small: Recipe = {
  name: 'drover-test-small',
  programs: smallPrograms,
  others: {},
  folders: ['/usr/lib/locale/C.utf8'],
}

const base: Recipe = {
  name: 'drover-test-base',
  programs: [...smallPrograms, 'tmux', 'git', 'ip'],
  others: { node: process.execPath },
  folders: [...small.folders, '/usr/lib/terminfo', '/usr/share/terminfo'],
}

/**
 * An image with sh, bash, coreutils, setsid, ps, git, tmux, ip and this Node, and users root and ada
 * (1000); its name. Its tar is made once, of this machine's own programs, and kept in the tests' cache.
 */
export async function importBaseImage(engine: DockerEngine): Promise<string> {
  return await importRecipe(engine, base)
}

/** The same with Claude Code, whose program is given. */
export async function importClaudeImage(engine: DockerEngine, claude: string): Promise<string> {
  const others = { ...base.others, claude }
  return await importRecipe(engine, { ...base, name: 'drover-test-claude', others })
}

/** The base without git, tmux and Node: it is there in a moment. */
export async function importSmallImage(engine: DockerEngine): Promise<string> {
  return await importRecipe(engine, small)
}

/** Path of the tar of the small image. */
export async function smallImageTar(): Promise<string> {
  return await tarOf(small)
}

async function importRecipe(engine: DockerEngine, recipe: Recipe): Promise<string> {
  await engine.run(['import', '-c', 'ENV LANG=C.UTF-8', await tarOf(recipe), recipe.name])
  return recipe.name
}

async function tarOf(recipe: Recipe): Promise<string> {
  const cache = path.join(
    process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache'),
    'drover-test',
  )
  const file = path.join(cache, `${recipe.name}-${edition}-${process.version}.tar`)
  if (existsSync(file)) {
    return file
  }
  await mkdir(cache, { recursive: true })
  const stage = await mkdtemp(path.join(tmpdir(), 'drover-image-'))
  const draft = `${file}.new-${process.pid}`
  try {
    await fill(stage, recipe)
    await run('tar', ['--owner=0', '--group=0', '-C', stage, '-cf', draft, '.'])
    await rename(draft, file)
    return file
  } finally {
    await rm(stage, { recursive: true, force: true })
    await rm(draft, { force: true })
  }
}

async function fill(stage: string, { programs, others, folders }: Recipe): Promise<void> {
  const at = (name: string): string => path.join(stage, name)
  for (const folder of ['usr/bin', 'usr/lib', 'usr/lib64', 'etc', 'root', 'proc', 'sys', 'dev']) {
    await mkdir(at(folder), { recursive: true })
  }
  for (const folder of ['bin', 'lib', 'lib64']) {
    await symlink(`usr/${folder}`, at(folder))
  }
  await mkdir(at('home/ada'), { recursive: true })
  await run('chown', ['1000:1000', at('home/ada')])
  await run('install', ['-d', '-m', '1777', at('tmp'), at('var/tmp')])
  await writeFile(
    at('etc/passwd'),
    `root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n`,
  )
  await writeFile(at('etc/group'), 'root:x:0:\nada:x:1000:\n')
  for (const folder of folders.filter((each) => existsSync(each))) {
    await cp(folder, at(folder), { recursive: true })
  }
  const searchPath = process.env['PATH'] ?? ''
  const found = programs.flatMap((name) => {
    const file = findProgram(name, { searchPath, folder: '/' })
    return file ? [[name, file] as const] : []
  })
  for (const [name, file] of [...found, ...Object.entries(others)]) {
    await cp(await realpath(file), at(`usr/bin/${name}`))
    await copyLibraries(file, stage)
  }
}

/** Those that a program is linked with. A script has none. */
async function copyLibraries(program: string, stage: string): Promise<void> {
  const { stdout } = await run('ldd', [program]).catch(() => ({ stdout: '' }))
  for (const [, file = ''] of stdout.matchAll(/(\/\S+) \(0x/g)) {
    const inside = path.join(stage, file.startsWith('/usr/') ? file : `/usr${file}`)
    if (!existsSync(inside)) {
      await mkdir(path.dirname(inside), { recursive: true })
      await cp(await realpath(file), inside)
    }
  }
}
