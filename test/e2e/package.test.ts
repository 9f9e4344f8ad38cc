import { execFile } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { runDrover } from '../support/cli.ts'
import { realProgram, requireOrSkip } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/** The life of an agent, through a `drover` that is not this checkout's source. */
async function liveOnce(program: readonly [string, ...string[]], home: string): Promise<void> {
  const env = { DROVER_HOME: home, HOME: home, PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8' }
  const drover = async (...args: string[]) => await runDrover(args, { env, program, cwd: home })
  const up = await drover('up', '--detach', '--json')
  expect(up).toMatchObject({ code: 0 })
  try {
    const made = await drover(
      'run',
      'command',
      'hello',
      '--name',
      'cat',
      '--wait',
      '--json',
      '--',
      'cat',
    )
    expect(JSON.parse(made.stdout)).toMatchObject({ name: 'cat', receipt: 'done', reply: 'hello' })
    const chat = await drover(
      'run',
      'hello',
      'Hi!',
      '--name',
      'guide',
      '--option',
      'endpoint=practice',
      '--wait',
      '--json',
    )
    expect(JSON.parse(chat.stdout)).toMatchObject({
      name: 'guide',
      receipt: 'done',
      reply: expect.stringContaining('practice model'),
    })
    expect((await drover('template', 'ls')).stdout).toContain('assistant')
    expect((await drover('doctor')).code).toBe(0)
  } finally {
    expect((await drover('down', '--agents')).code).toBe(0)
  }
}

test('the packed tarball, installed globally, works from anywhere and brings its own Node', async () => {
  using folder = temporaryFolder()
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', folder.path], {
    cwd: root,
  })
  const tarball = path.join(folder.path, stdout.trim())
  const { stdout: listing } = await run('tar', ['-tzf', tarball])
  expect(listing).toContain('package/dist/runtimes/holder/holder.sh')
  for (const file of ['terminal.html', 'terminal.js', 'xterm.js', 'xterm.css']) {
    expect(listing).toContain(`package/dist/web/${file}`)
  }
  expect(listing).not.toMatch(/package\/(src|test|bench)\//)
  const prefix = path.join(folder.path, 'prefix')
  await run(
    'npm',
    ['install', '--global', '--prefix', prefix, '--no-audit', '--no-fund', tarball],
    { cwd: folder.path, timeout: 170_000 },
  )
  expect(readdirSync(path.join(prefix, 'bin'))).toEqual(['drover'])
  const home = path.join(folder.path, 'home')
  await run('mkdir', [home])
  await liveOnce([path.join(prefix, 'bin', 'drover')], home)
  const log = readFileSync(path.join(home, 'drover.log'), 'utf8')
  expect(log).toContain(`"node":"v26.`)
}, 240_000)

const floor = realProgram('node-floor')

requireOrSkip('node-floor', floor !== null)(
  'the oldest promised Node runs an agent through its life',
  async () => {
    using folder = temporaryFolder()
    const { stdout } = await run(String(floor), ['--version'])
    expect(stdout.trim()).toBe('v24.15.0')
    await liveOnce([String(floor), path.join(root, 'dist', 'main.js')], folder.path)
  },
)
