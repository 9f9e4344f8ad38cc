import { mkdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { runFiles } from '../../src/runtimes/run-folder.ts'
import type { RuntimeStage } from './runtime-stage.ts'

export const oddArguments = [
  'two words',
  '',
  '"double" and \'single\'',
  'line one\nline two',
  '-n',
  '--',
  '-',
  'NAME=value',
  '$HOME `id` $(id)',
  '*',
  '\\ \\n \\',
  '!',
  ';',
  '&',
  '|',
  '# no comment',
  'ünïcödé ☃ 🐑',
  '\t',
  '\u001b[31m',
  '%s%n',
  '~',
]

export const oddEnvironment = {
  SPACES: 'two words',
  EMPTY: '',
  LINES: 'line one\nline two',
  QUOTES: `"'`,
  DOLLAR: '$HOME',
  EQUALS: 'a=b=c',
  HASH: '#',
  UNICODE: '☃',
  lower: 'x',
  _x: '1',
  BACKSLASH: '\\n',
  // Names that scripts like for their own variables.
  run: 'a',
  ring: 'b',
  line: 'c',
  status: 'd',
  folder: 'e',
  i: 'f',
  argv: 'g',
  name: 'h',
}

/** What a program is brought up with. */
export function describeLaunch(given: () => RuntimeStage): void {
  describe('a launch', () => {
    test('is possible here, as it says', async () => {
      const stage = given()
      expect(await stage.runtime.probe(stage.signal)).toMatchObject({ usable: true })
    })

    test('passes every argument whole, whatever is in it', async () => {
      const stage = given()
      const { run } = await stage.start(stage.case.programs.printArguments(oddArguments))
      await stage.ended(run)
      expect(stage.output(run)).toBe(oddArguments.map((arg) => `${arg}\0`).join(''))
    })

    test('can have as many arguments as there may be', async () => {
      const stage = given()
      const many = Array.from({ length: 1000 }, (_, index) => `${index} `.repeat(10))
      const { run } = await stage.start(stage.case.programs.printArguments(many))
      await stage.ended(run)
      expect(stage.output(run)).toBe(many.map((arg) => `${arg}\0`).join(''))
    })

    test('gives the program the environment of the launch and the two marks, nothing else', async () => {
      const stage = given()
      const { run } = await stage.start(stage.case.programs.printEnvironment, {
        env: oddEnvironment,
      })
      await stage.ended(run)
      const entries = stage.output(run).split('\0').slice(0, -1)
      const environment = Object.fromEntries(
        entries.map((entry) => [
          entry.slice(0, entry.indexOf('=')),
          entry.slice(entry.indexOf('=') + 1),
        ]),
      )
      for (const name of stage.case.addedVariables) {
        delete environment[name]
      }
      expect(environment).toEqual({
        PATH: '/usr/bin:/bin',
        ...oddEnvironment,
        DROVER_INSTANCE: run.instance,
        DROVER_RUN: run.id,
      })
    })

    test('starts the program in its folder', async () => {
      const stage = given()
      const cwd = path.join(stage.folder, `a folder's "name"\n$HOME`)
      mkdirSync(cwd)
      const { run } = await stage.start(stage.case.programs.printFolder, { cwd })
      await stage.ended(run)
      expect(stage.output(run)).toBe(`${cwd}\n`)
    })

    test('has its first byte on disk before anybody asks for it', async () => {
      const stage = given()
      const { run } = await stage.start(stage.case.programs.stubborn)
      await stage.said(run, 'ready\n')
    })

    test('keeps its record to its owner', async () => {
      const stage = given()
      const { run } = await stage.start(stage.case.programs.complain)
      await stage.ended(run)
      const files = runFiles(run.folder)
      expect(statSync(run.folder).mode & 0o777).toBe(0o700)
      for (const file of [files.in, files.out, files.err]) {
        expect(statSync(file).mode & 0o777).toBe(0o600)
      }
    })

    test('gives a handle that is plain data', async () => {
      const stage = given()
      const { handle } = await stage.start(stage.case.programs.copy)
      expect(handle.v).toBeGreaterThan(0)
      expect(JSON.parse(JSON.stringify(handle))).toEqual(handle)
    })

    test('marks what it started, and lists it only for its own home', async () => {
      const stage = given()
      const mine = await stage.start(stage.case.programs.copy)
      const other = await stage.start(stage.case.programs.copy, {
        run: stage.prepare('home_of_somebody_else'),
      })
      const found = await stage.runtime.list(stage.instance, stage.signal)
      expect(new Set(found.map(({ run }) => run))).toEqual(new Set([mine.run.id]))
      expect(await stage.living(other.run)).not.toEqual([])
      for (const { what } of found) {
        expect(what).toMatch(/\S+ \S+/)
      }
    })

    test('does not wait for the program', async () => {
      const stage = given()
      const started = await Promise.all(
        Array.from({ length: 10 }, async () => await stage.start(stage.case.programs.copy)),
      )
      for (const { handle } of started) {
        expect(await stage.runtime.inspect(handle, stage.signal)).toBe('alive')
      }
      expect(new Set(started.map(({ handle }) => JSON.stringify(handle))).size).toBe(10)
    })
  })
}
