import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Usability } from '../../src/schema/reports.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** A `claude` on PATH that says this version, and writes down how it was called. */
function install(folder: string, script: string): Record<string, string> {
  const program = path.join(folder, 'claude')
  writeFileSync(program, `#!/bin/sh\necho "$*" >> "$0.calls"\n${script}\n`)
  chmodSync(program, 0o755)
  return { PATH: `${folder}:/usr/bin:/bin`, HOME: folder }
}

const calls = (folder: string): string => readFileSync(path.join(folder, 'claude.calls'), 'utf8')

async function look({ client }: TestDaemon): Promise<Usability | undefined> {
  const { checks } = await client.doctor()
  return checks.find(({ name }) => name === 'claude')
}

function logIn(folder: string): void {
  mkdirSync(path.join(folder, '.claude'))
  writeFileSync(path.join(folder, '.claude', '.credentials.json'), '{"claudeAiOauth":{}}')
}

describe('drover doctor', () => {
  test('tells version and login of a program, and calls it for nothing but its version', async () => {
    using folder = temporaryFolder()
    const env = install(folder.path, 'echo "2.1.329 (Claude Code)"')
    await using daemon = await startTestDaemon({ env, isLeftClean: true })
    expect(await look(daemon)).toMatchObject({
      usable: true,
      version: '2.1.329',
      login: 'no',
      warning: null,
      detail: path.join(folder.path, 'claude'),
      hint: expect.stringContaining('/login'),
    })
    logIn(folder.path)
    expect(await look(daemon)).toMatchObject({ login: 'yes', hint: null })
    expect(calls(folder.path)).toBe('--version\n--version\n')
  })

  test('warns of a version that nobody tried, and the program is usable all the same', async () => {
    using folder = temporaryFolder()
    const env = install(folder.path, 'echo "99.0.0 (Claude Code)"')
    await using daemon = await startTestDaemon({ env, isLeftClean: true })
    expect(await look(daemon)).toMatchObject({
      usable: true,
      warning: expect.stringMatching(/^99\.0\.0 is newer than what was tested/),
    })
  })

  test('says how to install a program that is missing, and what one says that does not run', async () => {
    using folder = temporaryFolder()
    const env = { PATH: `${folder.path}:/usr/bin:/bin`, HOME: folder.path }
    await using daemon = await startTestDaemon({ env, isLeftClean: true })
    const howTo = expect.stringContaining('npm install')
    expect(await look(daemon)).toMatchObject({ usable: false, version: null, hint: howTo })
    install(folder.path, 'echo "no such library" >&2; exit 127')
    expect(await look(daemon)).toMatchObject({
      usable: false,
      detail: expect.stringContaining('no such library'),
      hint: howTo,
    })
  })

  test('asks only what was asked for', async () => {
    using folder = temporaryFolder()
    const env = install(folder.path, 'echo 1.0.0')
    await using daemon = await startTestDaemon({ env, isLeftClean: true })
    const runtimes = await daemon.client.runtimes()
    expect(runtimes.map(({ name }) => name)).toEqual([
      'process',
      'systemd',
      'launchd',
      'tmux',
      'docker',
    ])
    expect(existsSync(path.join(folder.path, 'claude.calls'))).toBe(false)
  })
})

describe('drover run', () => {
  test('makes no agent of a program that is not logged in, says how to, and starts nothing to know it', async () => {
    using folder = temporaryFolder()
    const env = install(folder.path, 'echo 2.1.329')
    await using daemon = await startTestDaemon({ env, isLeftClean: true })
    const { client } = daemon
    await expect(client.run({ template: 'claude', name: 'a' })).rejects.toMatchObject({
      code: 'not_logged_in',
      message: expect.stringMatching(/^provider: Claude Code is not logged in\. Log in with/),
      details: { field: 'provider', provider: 'claude' },
    })
    expect(await client.list({ all: true })).toEqual([])
    expect(existsSync(path.join(folder.path, 'claude.calls'))).toBe(false)
    logIn(folder.path)
    expect(await client.run({ template: 'claude', name: 'a' })).toMatchObject({ name: 'a' })
    await client.remove('a', { force: true, waitSeconds: 20 })
  })

  test('trusts a program that config names: it may bring a login of its own', async () => {
    using folder = temporaryFolder()
    const env = install(folder.path, 'cat > /dev/null')
    const config = { providers: { claude: { path: path.join(folder.path, 'claude') } } }
    await using daemon = await startTestDaemon({ env, config, isLeftClean: true })
    expect(await daemon.client.run({ template: 'claude', name: 'a' })).toMatchObject({ name: 'a' })
    await daemon.client.remove('a', { force: true, waitSeconds: 20 })
  })
})
