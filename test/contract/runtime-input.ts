import { appendFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { appendAt, runFiles } from '../../src/runtimes/run-folder.ts'
import type { RuntimeStage } from './runtime-stage.ts'

/** How bytes come to the program. */
export function describeInput(given: () => RuntimeStage): void {
  describe('the input', () => {
    test('reaches the program in order, each message when it was written', async () => {
      const stage = given()
      const { run } = await stage.start(stage.case.programs.copy)
      let all = ''
      for (let index = 0; index < 50; index++) {
        const text = `message ${index} ${'-'.repeat(index * 7)}\n`
        all += text
        stage.write(run, text)
        if (index % 10 === 0) {
          await stage.said(run, all)
        }
      }
      await stage.said(run, all)
    })

    test('is passed on byte for byte, be it no text at all', async () => {
      const stage = given()
      const { run } = await stage.start(stage.case.programs.copy)
      const lines = [
        '\\n is no newline \\',
        '  indented\t',
        '',
        '%s %d',
        '-n',
        '☃🐑',
        'a\rb',
        'trailing ',
      ].map((line) => `${line}\n`)
      for (const line of lines) {
        stage.write(run, line)
      }
      await stage.said(run, lines.join(''))
    })

    test('reaches it when it was there before the start', async () => {
      const stage = given()
      const run = stage.prepare()
      appendAt(runFiles(run.folder).in, 0, Buffer.from('early\n'))
      await stage.start(stage.case.programs.copy, { run })
      await stage.said(run, 'early\n')
    })

    test('reaches it when it came while the program was on its way up', async () => {
      const stage = given()
      for (let round = 0; round < 10; round++) {
        const { run } = await stage.start(stage.case.programs.copy)
        stage.write(run, 'at once\n')
        await stage.said(run, 'at once\n')
      }
    })

    test('can be a megabyte at once, before the start and after it, followed by little ones', async () => {
      const stage = given()
      const big = (letter: string): string => `${letter.repeat(1024 * 1024)}\n`
      const run = stage.prepare()
      appendAt(runFiles(run.folder).in, 0, Buffer.from(big('a')))
      await stage.start(stage.case.programs.copy, { run })
      stage.write(run, big('b'))
      stage.write(run, 'small\n')
      stage.write(run, big('c'))
      stage.write(run, 'end\n')
      await stage.said(run, `${big('a')}${big('b')}small\n${big('c')}end\n`)
    })

    test('goes on where it stood when a line that was cut off is completed', async () => {
      const stage = given()
      const { run } = await stage.start(stage.case.programs.copy)
      stage.write(run, 'first\n')
      await stage.said(run, 'first\n')
      const { in: input } = runFiles(run.folder)
      // A daemon died in the middle of its write; the next one completes it and rings.
      appendFileSync(input, 'sec')
      stage.runtime.notifyInput(run, 3)
      const whole = Buffer.from('second ☃\n')
      appendAt(input, 6, whole)
      stage.runtime.notifyInput(run, whole.length)
      await stage.said(run, 'first\nsecond ☃\n')
    })

    test('may be announced once too often', async () => {
      const stage = given()
      const { run, handle } = await stage.start(stage.case.programs.copy)
      stage.write(run, 'one\n')
      for (let index = 0; index < 100; index++) {
        stage.runtime.notifyInput(run, index % 2 === 0 ? 4 : 100_000)
      }
      await stage.said(run, 'one\n')
      stage.write(run, 'two\n')
      await stage.said(run, 'one\ntwo\n')
      expect(await stage.runtime.inspect(handle, stage.signal)).toBe('alive')
    })

    test('may be announced for a run that is not there', async () => {
      const stage = given()
      const run = stage.prepare()
      stage.runtime.notifyInput(run, 5)
      const { run: ended } = await stage.start(stage.case.programs.exit(0))
      await stage.ended(ended)
      expect(() => stage.runtime.notifyInput(ended, 5)).not.toThrow()
      expect(() => stage.runtime.closeInput(ended)).not.toThrow()
    })

    test('ends for the program, after all that was written', async () => {
      const stage = given()
      const { run } = await stage.start(stage.case.programs.copy)
      const text = `${'x'.repeat(300_000)}\nlast`
      stage.write(run, text)
      stage.runtime.closeInput(run)
      expect(await stage.ended(run)).toEqual({ code: 0, signal: null })
      await stage.said(run, text)
    })

    test('ends also when that was said while the program was on its way up', async () => {
      const stage = given()
      for (let round = 0; round < 10; round++) {
        const { run } = await stage.start(stage.case.programs.copy)
        stage.runtime.closeInput(run)
        expect(await stage.ended(run)).toEqual({ code: 0, signal: null })
      }
    })

    test('never blocks the daemon though the program reads nothing', async () => {
      const stage = given()
      const { run } = await stage.start(stage.case.programs.stubborn)
      await stage.said(run, 'ready\n')
      const line = `${'y'.repeat(1000)}\n`
      for (let index = 0; index < 1000; index++) {
        stage.write(run, line)
      }
      await stage.said(run, 'ready\n')
    })
  })
}
