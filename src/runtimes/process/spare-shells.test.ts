import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { isProcessAlive } from '../../util/process-identity.ts'
import { waitUntil } from '../../util/wait.ts'
import { SpareShells } from './spare-shells.ts'

const deadlineMs = 20_000

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'drover-spare-'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

async function makeSpares(count: number): Promise<SpareShells> {
  const spares = new SpareShells(count)
  spares.prepare({ PATH: '/usr/bin:/bin', HOME: '/gone' })
  expect(await waitUntil(() => spares.size === count, { deadlineMs })).toBe(true)
  return spares
}

const script = 'printf "%s|" "$PWD" "$HOME" "$WORD" "$$" "$@" >out.new; mv out.new out'

test('a spare becomes the command: its folder, environment and arguments, under the number it had', async () => {
  const spares = await makeSpares(1)
  const argv = ['-c', script, 'sh', 'a b', '', '-x', `"'$HOME`, 'A=b', '\\n']
  const identity = await spares.use({
    argv,
    env: { PATH: '/usr/bin:/bin', WORD: ' two  words ' },
    cwd: folder,
  })
  expect(await waitUntil(() => existsSync(path.join(folder, 'out')), { deadlineMs })).toBe(true)
  const said = readFileSync(path.join(folder, 'out'), 'utf8').split('|')
  expect(said).toEqual([folder, '', ' two  words ', String(identity?.pid), ...argv.slice(3), ''])
})

test.each<[string, { argv: string[]; env: Record<string, string> }]>([
  ['an argument with a newline', { argv: ['-c', 'a\nb'], env: {} }],
  ['a value with a newline', { argv: [], env: { A: 'a\nb' } }],
  ['a variable that is the shell’s own', { argv: [], env: { OPTIND: 'x' } }],
])('%s is no command for a spare', async (_, { argv, env }) => {
  const spares = await makeSpares(1)
  expect(await spares.use({ argv, env, cwd: folder })).toBeNull()
  expect(spares.size).toBe(1)
})

test('many at once each get one of their own, though few wait', async () => {
  const spares = await makeSpares(1)
  const found = await Promise.all(
    Array.from({ length: 20 }, (_, number) =>
      spares.use({ argv: ['-c', `echo ${number} >>out`], env: {}, cwd: folder }),
    ),
  )
  expect(new Set(found.map((identity) => identity?.pid)).size).toBe(20)
  expect(found).not.toContain(null)
  const lines = (): string[] => readFileSync(path.join(folder, 'out'), 'utf8').trim().split('\n')
  const isThere = (): boolean => existsSync(path.join(folder, 'out')) && lines().length === 20
  expect(await waitUntil(isThere, { deadlineMs })).toBe(true)
  expect(new Set(lines()).size).toBe(20)
})

test('where none are wanted there is none; a spare that died is passed over', async () => {
  const command = { argv: ['-c', 'true'], env: {}, cwd: folder }
  expect(await new SpareShells(0).use(command)).toBeNull()
  const spares = await makeSpares(1)
  const first = await spares.use({ ...command, cwd: path.join(folder, 'none') })
  // A folder that is not there ends it.
  const isGone = async (): Promise<boolean> => first !== null && !(await isProcessAlive(first))
  expect(await waitUntil(isGone, { deadlineMs })).toBe(true)
  expect(await waitUntil(() => spares.size === 1, { deadlineMs })).toBe(true)
  expect(await spares.use(command)).not.toBeNull()
})

test.each<[string, string | null, Record<string, string>]>([
  ['a temporary folder', '/nowhere/at/all', {}],
  ['mkfifo and setsid', null, { PATH: '/nowhere' }],
])('without %s every start goes without them', async (_, place, env) => {
  vi.stubEnv('TMPDIR', place ?? folder)
  const spares = new SpareShells(2)
  const command = { argv: ['-c', 'true'], env, cwd: folder }
  expect(await spares.use(command)).toBeNull()
  expect(await spares.use(command)).toBeNull()
  expect(spares.size).toBe(0)
  expect(await waitUntil(() => readdirSync(folder).length === 0, { deadlineMs })).toBe(true)
})

test('spares whose folder was removed under them are ended, and others are made', async () => {
  vi.stubEnv('TMPDIR', folder)
  const spares = await makeSpares(2)
  const first = processesIn(folder)
  expect(first).toHaveLength(3)
  readdirSync(folder).forEach((name) => rmSync(path.join(folder, name), { recursive: true }))
  const command = { argv: ['-c', 'true'], env: { PATH: '/usr/bin:/bin' }, cwd: '/' }
  expect(await spares.use(command)).toBeNull()
  const isOver = (): boolean => first.every((pid) => !processesIn(folder).includes(pid))
  expect(await waitUntil(isOver, { deadlineMs })).toBe(true)
  expect(await spares.use(command)).not.toBeNull()
})

test('spares and their folder go with the process that made them, however it ends', async () => {
  const module = fileURLToPath(new URL('spare-shells.ts', import.meta.url))
  const code = `
    import { SpareShells } from ${JSON.stringify(module)}
    const spares = new SpareShells(2)
    spares.prepare({})
    setInterval(() => spares.size === 2 && process.stdout.write('ready\\n'), 5)`
  const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', code], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(parent.stdout, 'data')
  const waiting = (): number[] => processesIn(folder)
  expect(waiting()).toHaveLength(3)
  parent.kill('SIGKILL')
  const isOver = (): boolean => waiting().length === 0 && readdirSync(folder).length === 0
  expect(await waitUntil(isOver, { deadlineMs })).toBe(true)
})

/** Processes that have a folder's name among their arguments. */
function processesIn(place: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return pid > 0 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(place)
      } catch {
        return false
      }
    })
}
