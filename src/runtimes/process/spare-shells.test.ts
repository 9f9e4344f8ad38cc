import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { identifyProcess, isProcessAlive } from '../../util/process-identity.ts'
import { waitUntil } from '../../util/wait.ts'
import { SpareShells } from './spare-shells.ts'

const deadlineMs = 20_000

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'drover-spare-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function makeSpares(count: number): Promise<SpareShells> {
  const spares = new SpareShells(count)
  spares.refill({ PATH: '/usr/bin:/bin', HOME: '/gone' })
  expect(await waitUntil(() => spares.size === count, { deadlineMs })).toBe(true)
  return spares
}

const script = 'printf "%s|" "$PWD" "$HOME" "$WORD" "$$" "$@" >out.new; mv out.new out'

test('a spare becomes the command: its folder, environment and arguments, under the number it had', async () => {
  const spares = await makeSpares(1)
  const argv = ['-c', script, 'sh', 'a b', '', '-x', `"'$HOME`, 'A=b', '\\n']
  const identity = spares.use({
    argv,
    env: { PATH: '/usr/bin:/bin', WORD: ' two  words ' },
    cwd: folder,
  })
  expect(spares.size).toBe(0)
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
  expect(spares.use({ argv, env, cwd: folder })).toBeNull()
  expect(spares.size).toBe(1)
})

test('without a spare there is none to use; a spare that died is none', async () => {
  expect(new SpareShells(1).use({ argv: [], env: {}, cwd: folder })).toBeNull()
  const spares = await makeSpares(1)
  // A folder that is not there ends it.
  const identity = spares.use({ argv: ['-c', 'true'], env: {}, cwd: path.join(folder, 'none') })
  expect(identity).not.toBeNull()
  expect(
    await waitUntil(async () => identity === null || !(await isProcessAlive(identity)), {
      deadlineMs,
    }),
  ).toBe(true)
})

test('spares end with the process that made them, however it ends', async () => {
  const module = fileURLToPath(new URL('spare-shells.ts', import.meta.url))
  const code = `
    import { SpareShells } from ${JSON.stringify(module)}
    const spares = new SpareShells(2)
    spares.refill({})
    setInterval(() => spares.size === 2 && process.stdout.write('ready\\n'), 5)`
  const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(parent.stdout, 'data')
  const children = readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .map(Number)
  expect(children).toHaveLength(2)
  parent.kill('SIGKILL')
  for (const pid of children) {
    expect(await waitUntil(async () => (await identifyProcess(pid)) === null, { deadlineMs })).toBe(
      true,
    )
  }
})
