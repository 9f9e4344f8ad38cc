import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { waitFor } from '../../test/support/wait-for.ts'
import { detectProgram, findVersion, type ProgramToDetect } from './detect-program.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'drover-detect-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function program(script: string): string {
  const file = path.join(folder, `program-${script.length}-${Buffer.from(script).at(-1)}`)
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
  return file
}

const readPid = (file: string): number => Number(readFileSync(`${file}.pid`, 'utf8'))

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const wanted = (file: string | null): ProgramToDetect => ({
  program: file,
  versionArguments: ['--version'],
  installHint: 'Install it.',
  login: 'no',
  loginHint: 'Log in.',
})

const detect = async (file: string | null, signal = AbortSignal.timeout(20_000)) =>
  await detectProgram(wanted(file), { env: { PATH: '/usr/bin:/bin' }, signal })

describe('a program that is looked for', () => {
  test('is told with its path, version, and how to log in', async () => {
    const file = program('echo "thing v2.1.329 (A Thing)"; test "$1" = --version')
    expect(await detect(file)).toEqual({
      usable: true,
      detail: file,
      hint: 'Log in.',
      version: '2.1.329',
      login: 'no',
    })
  })

  test('that is missing is not usable, and says how to install it', async () => {
    expect(await detect(null)).toMatchObject({
      usable: false,
      detail: 'not found',
      hint: 'Install it.',
      version: null,
    })
  })

  test('that fails is not usable, and is quoted', async () => {
    const found = await detect(program('echo "no such library" >&2; exit 3'))
    expect(found).toMatchObject({ usable: false, hint: 'Install it.' })
    expect(found.detail).toMatch(/does not run: no such library$/)
  })

  test('that says no version is usable without one', async () => {
    expect(await detect(program('echo hello'))).toMatchObject({ usable: true, version: null })
  })

  test('that hangs is left, and ended', async () => {
    const file = program('echo $$ > "$0.pid"; exec sleep 1000')
    const controller = new AbortController()
    const found = detect(file, controller.signal)
    await waitFor('its start', () => existsSync(`${file}.pid`) && readPid(file) > 0)
    controller.abort()
    expect((await found).usable).toBe(false)
    await waitFor('its end', () => !isThere(readPid(file)))
  })
})

test.for([
  ['2.1.329 (Claude Code)', '2.1.329'],
  ['codex-cli 0.169.0', '0.169.0'],
  ['1.0.0-beta.3\n', '1.0.0-beta.3'],
  ['v26.10.0', '26.10.0'],
  ['hello', null],
] as const)('the version of %j is %j', ([text, version]) => {
  expect(findVersion(text)).toBe(version)
})
