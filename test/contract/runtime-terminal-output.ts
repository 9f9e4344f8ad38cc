import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { runFiles } from '../../src/runtimes/run-folder.ts'
import { fileSize } from '../../src/util/file-size.ts'
import { oddArguments, oddEnvironment } from './runtime-launch.ts'
import type { TerminalStage } from './terminal-stage.ts'

/** What a terminal, and no launch, gives a program. */
const terminalVariables = ['TERM', 'COLORTERM']

/** What a program at a terminal has and says. */
export function describeTerminalOutput(given: () => TerminalStage): void {
  describe('the program', () => {
    test('has a terminal of the size it was promised for input, output and errors', async () => {
      const stage = given()
      const { run } = await stage.startScript(
        '[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && stty size && echo "$TERM"',
        { terminal: { cols: 101, rows: 33 } },
      )
      expect(await stage.ended(run)).toEqual({ code: 0, signal: null })
      const [size, term] = stage.output(run).split('\r\n')
      expect(size).toBe('33 101')
      expect(term).toMatch(/\w/)
    })

    test.for([
      { cols: 1, rows: 1 },
      { cols: 1000, rows: 500 },
    ])('can have one of $cols×$rows', async (terminal) => {
      const stage = given()
      const { run } = await stage.startScript('stty size', { terminal })
      await stage.ended(run)
      expect(stage.output(run)).toBe(`${terminal.rows} ${terminal.cols}\r\n`)
    })

    test('gets every argument whole', async () => {
      const stage = given()
      const { run } = await stage.startScript(`stty -opost; printf '%s\\0' "$@"`, {
        args: oddArguments,
      })
      await stage.ended(run)
      expect(stage.output(run)).toBe(oddArguments.map((arg) => `${arg}\0`).join(''))
    })

    test('gets the environment of the launch, the marks, and what tells of its terminal', async () => {
      const stage = given()
      const env = { ...oddEnvironment, SHELL: '/bin/own', TMUX: 'mine' }
      const { run } = await stage.startScript('stty -opost; exec /usr/bin/env -0', { env })
      await stage.ended(run)
      const entries = stage
        .output(run)
        .split('\0')
        .slice(0, -1)
        .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)])
      const environment = Object.fromEntries(entries) as Record<string, string>
      for (const name of [...stage.case.addedVariables, ...terminalVariables, 'TMUX']) {
        delete environment[name]
      }
      expect(environment).toEqual({
        PATH: '/usr/bin:/bin',
        ...oddEnvironment,
        SHELL: '/bin/own',
        DROVER_INSTANCE: run.instance,
        DROVER_RUN: run.id,
      })
    })

    test('gets no shell, no multiplexer and no path that nobody gave it', async () => {
      const stage = given()
      const { run } = await stage.startScript('exec /usr/bin/env', { env: {} })
      await stage.ended(run)
      expect(stage.output(run)).not.toMatch(/^(?:SHELL|TMUX\w*|TERM_PROGRAM\w*|DROVER_SHELL)=/m)
    })

    test('starts in its folder, whatever the name', async () => {
      const stage = given()
      const cwd = path.join(stage.folder, `a folder's "name"\n$HOME #{pane_id} %H #[x]`)
      mkdirSync(cwd)
      const { run } = await stage.startScript('stty -opost; pwd', { cwd })
      await stage.ended(run)
      expect(stage.output(run)).toBe(`${cwd}\n`)
    })

    test('is on record wherever its folder is, whatever that is called', async () => {
      const stage = given()
      const folder = path.join(stage.folder, `it's "odd"\n$HOME #{pane_id} %H #[x] \\`)
      const odd = stage.prepare(stage.instance, folder)
      await stage.startScript('echo here', { run: odd })
      await stage.ended(odd)
      expect(stage.output(odd)).toBe('here\r\n')
    })
  })

  describe('the output', () => {
    test('is on record from the first byte, of programs that are over at once, too', async () => {
      const stage = given()
      for (let round = 0; round < 5; round++) {
        const all = await Promise.all(
          Array.from({ length: 10 }, async (_, index) => ({
            ...(await stage.startScript(`echo hello ${index}`)),
            index,
          })),
        )
        for (const { run, index } of all) {
          expect(await stage.ended(run)).toEqual({ code: 0, signal: null })
          expect(stage.output(run)).toBe(`hello ${index}\r\n`)
        }
      }
    })

    test('is on record byte for byte, be it no text at all', async () => {
      const stage = given()
      const all = Buffer.from(Array.from({ length: 256 * 256 }, (_, i) => (i * 7 + (i >> 8)) % 256))
      const file = path.join(stage.folder, 'bytes')
      writeFileSync(file, all)
      const { run } = await stage.startScript('stty raw -echo; exec cat "$1"', { args: [file] })
      await stage.ended(run)
      expect(readFileSync(runFiles(run.folder).out).equals(all)).toBe(true)
    })

    test('is on record as it was sent, with colours and the other screen', async () => {
      const stage = given()
      const text = '\u001b[1;31mred\u001b[m \u001b[?1049hother ☃\u001b[?1049l\u001b]2;title\u0007'
      const { run } = await stage.startScript(`printf %s "$1"`, { args: [text] })
      await stage.ended(run)
      expect(stage.output(run)).toBe(text)
      expect(readFileSync(runFiles(run.folder).err, 'utf8')).toBe('')
    })

    test('of 49 MB in one burst is whole before the ending is on record', async () => {
      const stage = given()
      const { run } = await stage.startScript('stty -opost; yes "$1" | head -c 49000000; exit 7', {
        args: ['x'.repeat(99)],
      })
      expect(await stage.ended(run)).toEqual({ code: 7, signal: null })
      expect(fileSize(runFiles(run.folder).out)).toBe(49_000_000)
    })
  })
}
