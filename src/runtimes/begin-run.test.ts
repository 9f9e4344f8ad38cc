import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { waitFor } from '../../test/support/wait-for.ts'
import { readExit, runFiles } from './run-folder.ts'
import { encodeUnitLaunch, unitCommand, type Unit, type UnitLaunch } from './units.ts'

let folder: string
let unit: Unit
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'drover-unit-'))
  unit = {
    instance: 'home_1',
    agent: { id: 'agent_1', name: 'guard' },
    file: path.join(folder, "odd ' name"),
    runsFolder: path.join(folder, 'runs'),
    limits: {},
  }
  mkdirSync(unit.runsFolder)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Runs that say that they have begun. */
function begunRuns(): string[] {
  const name = path.basename(unit.file)
  return readdirSync(folder)
    .filter((file) => file.startsWith(`${name}.run_`) && file.endsWith('.begun'))
    .map((file) => file.slice(name.length + 1, -'.begun'.length))
}

/** Begins a run as a supervisor does; resolves to what it said once it is over. */
async function begin(
  launch: Partial<UnitLaunch>,
): Promise<{ run: string; note: string; out: Buffer }> {
  const whole = { argv: ['/bin/true'] as const, env: {}, cwd: '/', note: 'fresh', ...launch }
  writeFileSync(`${unit.file}.launch`, encodeUnitLaunch(whole))
  const [program, ...args] = unitCommand(unit)
  execFileSync(program, args, { env: { LEAK: 'from the supervisor' } })
  const [run = '', more] = begunRuns()
  expect(more).toBeUndefined()
  const file = `${unit.file}.${run}.begun`
  const note = readFileSync(file, 'utf8').trimEnd()
  rmSync(file)
  const runFolder = path.join(unit.runsFolder, run)
  await waitFor('an ending', () => readExit(runFolder) !== null)
  expect(readExit(runFolder)).toEqual({ code: 0, signal: null })
  return { run, note, out: readFileSync(runFiles(runFolder).out) }
}

test('arguments come whole, whatever is in them', async () => {
  const args = [
    '',
    ' a  b ',
    'one\ntwo\n\nthree\n',
    '+x',
    'go',
    `'"$HOME\`id\``,
    '\\n\\',
    'grüß',
    '-n',
  ]
  const { out, note } = await begin({
    argv: ['/bin/sh', '-c', `printf '%s\\0' "$@"`, 'sh', ...args],
    note: 'resumed',
  })
  expect(out.toString().split('\0').slice(0, -1)).toEqual(args)
  expect(note).toBe('resumed')
})

test('the environment is the one that was given, and the mark of the run', async () => {
  const env = { PLAIN: 'x', LINES: 'a\nb\n', ODD: `'"$PATH \\ +`, EMPTY: '', PATH: '/usr/bin:/bin' }
  const { run, out } = await begin({ argv: ['/usr/bin/env', '-0'], env })
  const got = out
    .toString()
    .split('\0')
    .filter((entry) => entry !== '' && !/^(PWD|OLDPWD|SHLVL|_)=/.test(entry))
  const wanted = Object.entries({ ...env, DROVER_INSTANCE: 'home_1', DROVER_RUN: run }).map(
    ([key, value]) => `${key}=${value}`,
  )
  expect(got.toSorted()).toEqual(wanted.toSorted())
})

test('each start is a run of its own, in the folder that was asked for', async () => {
  const first = await begin({ argv: ['/bin/pwd'], cwd: folder })
  const second = await begin({ argv: ['/bin/pwd'], cwd: folder })
  expect(first.out.toString()).toBe(`${folder}\n`)
  expect(second.run).not.toBe(first.run)
})

test('without a whole launch nothing begins', () => {
  const [program, ...args] = unitCommand(unit)
  const start = (): unknown => execFileSync(program, args, { stdio: 'ignore' })
  expect(start).toThrow(/./)
  writeFileSync(`${unit.file}.launch`, 'ifresh\nd/\na/bin/true\n')
  expect(start).toThrow(/./)
  expect(begunRuns()).toEqual([])
})
