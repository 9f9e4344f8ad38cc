import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { encodeStrokes } from '../../src/core/strokes.ts'
import { readExit, runFiles } from '../../src/runtimes/run-folder.ts'
import type { TerminalStage } from './terminal-stage.ts'

/** Takes what is typed as it comes, and gives it back. */
const raw = 'stty raw -echo; echo ready; exec cat'
/** The same, and wants to be told what is pasted. */
const bracketed = `stty raw -echo; printf '\\033[?2004hready'; exec cat`

const pasteOf = (text: string): string => `\u001b[200~${text}\u001b[201~`

/** What a program at a terminal is told by its run's input. */
export function describeStrokes(given: () => TerminalStage): void {
  const answerOf = (folder: string, name: string): string =>
    path.join(runFiles(folder).answers, name)

  describe('a stroke', () => {
    test('is typed as it is', async () => {
      const stage = given()
      const started = await stage.startScript(raw)
      await stage.heard(started, 'ready')
      const text = '\u001b[A \\ % # "\'$HOME` ünï☃🐑 \r\n\t\u0001\u007f -n ~;'
      stage.stroke(started, { stroke: 'keys', text })
      await stage.heard(started, `ready\n${text}`)
    })

    test('is pasted with the brackets that the program asks for, its lines and letters whole', async () => {
      const stage = given()
      const started = await stage.startScript(bracketed)
      await stage.heard(started, 'ready')
      stage.stroke(started, { stroke: 'paste', text: 'one ☃\ntwo\n' })
      stage.stroke(started, { stroke: 'keys', text: '\r' })
      // A terminal sends a return where the text has a newline.
      await stage.heard(started, `ready${pasteOf('one ☃\rtwo\r')}\r`)
    })

    test('is pasted without them where the program does not', async () => {
      const stage = given()
      const started = await stage.startScript(raw)
      await stage.heard(started, 'ready')
      stage.stroke(started, { stroke: 'paste', text: 'one' }, { stroke: 'keys', text: '!' })
      await stage.heard(started, 'ready\none!')
    })

    test('can paste a megabyte, and nothing of it is missing or twice', async () => {
      const stage = given()
      const started = await stage.startScript(bracketed)
      await stage.heard(started, 'ready')
      const text = Array.from({ length: 20_000 }, (_, i) => `line ${i} ${'ü'.repeat(20)}`).join(' ')
      expect(Buffer.byteLength(text)).toBeGreaterThan(1_000_000)
      stage.stroke(started, { stroke: 'paste', text }, { stroke: 'keys', text: 'end' })
      await stage.heard(started, 'end')
      expect(stage.output(started.run) === `\u001b[?2004hready${pasteOf(text)}end`).toBe(true)
    })

    test('of nothing does nothing', async () => {
      const stage = given()
      const started = await stage.startScript(raw)
      await stage.heard(started, 'ready')
      stage.stroke(started, { stroke: 'paste', text: '' }, { stroke: 'keys', text: '' })
      stage.stroke(started, { stroke: 'pause', ms: 0 }, { stroke: 'keys', text: 'x' })
      await stage.heard(started, 'ready\nx')
    })

    test('can be an answer: a file that is whole when it is there', async () => {
      const stage = given()
      const { run } = await stage
        .startScript(`until [ -e "$1" ]; do sleep 0.01; done; cat "$1"; echo; exit 0`, {
          args: ['answers/q-1'],
          run: stage.prepare(),
        })
        .then(({ run: made }) => ({ run: made }))
      expect(existsSync(runFiles(run.folder).answers)).toBe(false)
      stage.stroke({ run }, { stroke: 'answer', name: 'q-1', text: '{"yes":\n"☃"}' })
      stage.stroke({ run }, { stroke: 'answer', name: 'big', text: 'x'.repeat(300_000) })
      stage.stroke({ run }, { stroke: 'answer', name: 'empty', text: '' })
      await stage.until('all answers', () => existsSync(answerOf(run.folder, 'empty')))
      expect(readFileSync(answerOf(run.folder, 'q-1'), 'utf8')).toBe('{"yes":\n"☃"}')
      expect(readFileSync(answerOf(run.folder, 'big'), 'utf8')).toBe('x'.repeat(300_000))
      expect(readdirSync(runFiles(run.folder).answers).toSorted()).toEqual(['big', 'empty', 'q-1'])
      expect(statSync(answerOf(run.folder, 'q-1')).mode & 0o777).toBe(0o600)
    })

    test('waits for those before it, pauses too', async () => {
      const stage = given()
      const started = await stage.startScript(
        `stty raw -echo; echo ready; while c=$(dd bs=1 count=1 2>/dev/null); do date +"$c %s%N;"; done`,
      )
      await stage.heard(started, 'ready')
      stage.stroke(
        started,
        { stroke: 'keys', text: 'a' },
        { stroke: 'pause', ms: 300 },
        { stroke: 'keys', text: 'b' },
      )
      await stage.heard(started, 'b ')
      const times = /a (\d+);[^]*b (\d+);/.exec(stage.output(started.run))
      expect(Number(times?.[2]) - Number(times?.[1])).toBeGreaterThanOrEqual(250e6)
    })

    test('is done when it was there before the start', async () => {
      const stage = given()
      const run = stage.prepare()
      stage.append({ run }, encodeStrokes([{ stroke: 'keys', text: 'early\r' }]))
      await stage.startScript('cat', { run })
      await stage.heard({ run }, 'early\r\nearly')
    })

    test('is done once it is whole, wherever it was cut off before', async () => {
      const stage = given()
      const started = await stage.startScript(raw)
      await stage.heard(started, 'ready')
      const text = encodeStrokes([
        { stroke: 'keys', text: 'one\ntwo ' },
        { stroke: 'pause', ms: 1 },
        { stroke: 'paste', text: 'three ' },
        { stroke: 'answer', name: 'a', text: 'b' },
        { stroke: 'keys', text: 'end' },
      ])
      for (const letter of text) {
        stage.write(started.run, letter)
      }
      await stage.heard(started, 'end')
      expect(stage.output(started.run)).toBe('ready\none\ntwo three end')
    })

    test('is done once, though daemons come and go and ring as they like', async () => {
      const stage = given()
      const started = await stage.startScript(raw)
      const { run, handle } = started
      await stage.heard(started, 'ready')
      let all = ''
      for (let index = 0; index < 30; index++) {
        all += `${index};`
        stage.stroke(started, { stroke: 'keys', text: `${index};` })
        if (index % 10 === 5) {
          const next = stage.case.createRuntime()
          await Promise.all([
            next.recover(run, handle, stage.signal),
            next.recover(run, null, stage.signal),
          ])
          next.notifyInput(run, 100_000)
          next.notifyInput(run, 1)
        }
      }
      await stage.heard(started, '29;')
      expect(stage.output(run)).toBe(`ready\n${all}`)
    })

    test('is never done to a program that has ended', async () => {
      const stage = given()
      const started = await stage.startScript('exit 0')
      await stage.ended(started.run)
      stage.stroke(
        started,
        { stroke: 'keys', text: 'x' },
        { stroke: 'answer', name: 'a', text: '' },
      )
      expect(readExit(started.run.folder)).toEqual({ code: 0, signal: null })
      await stage.runtime.destroy(started.run, started.handle, stage.signal)
      expect(existsSync(runFiles(started.run.folder).answers)).toBe(false)
    })
  })
}
