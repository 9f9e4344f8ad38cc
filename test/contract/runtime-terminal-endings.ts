import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readExit, runFiles } from '../../src/runtimes/run-folder.ts'
import { usualSize, type TerminalStage } from './terminal-stage.ts'

/** How programs at a terminal end, are ended, and are found again. */
export function describeTerminalEndings(given: () => TerminalStage): void {
  describe('an ending at a terminal', () => {
    test.for([0, 3, 126, 129, 255])('with code %i is on record as that', async (code) => {
      const stage = given()
      const { run, handle } = await stage.startScript('exit "$1"', { args: [String(code)] })
      const exit = await stage.ended(run)
      expect(exit).toEqual(code === 129 ? { code: null, signal: 'SIGHUP' } : { code, signal: null })
      await stage.dead(handle)
      expect(await stage.recover(run, handle)).toEqual({ state: 'exited', exit })
      expect(await stage.recover(run, null)).toEqual({ state: 'exited', exit })
    })

    test.for(['SIGKILL', 'SIGTERM', 'SIGSEGV', 'SIGINT'] as const)(
      'by %s is on record as that, and nothing is said of it at the terminal',
      async (signal) => {
        const stage = given()
        const { run } = await stage.startScript('kill -s "$1" $$; sleep 60', {
          args: [signal.slice(3)],
        })
        expect(await stage.ended(run)).toEqual({ code: null, signal })
        expect(stage.output(run)).toBe('')
      },
    )

    test('of a program that is not there is 127, and something is said of it', async () => {
      const stage = given()
      const { run } = await stage.start(['/no/such/program'], {
        terminal: { cols: 80, rows: 24 },
      })
      expect(await stage.ended(run)).toEqual({ code: 127, signal: null })
      expect(stage.output(run)).toContain('/no/such/program')
    })

    test('of a program whose child keeps the terminal is its own', async () => {
      const stage = given()
      const { run, handle } = await stage.startScript(
        `(trap '' HUP; exec sleep 1000) & sleep 0.1; echo bye; exit 4`,
      )
      expect(await stage.ended(run)).toEqual({ code: 4, signal: null })
      expect(stage.output(run)).toBe('bye\r\n')
      await stage.dead(handle)
    })
  })

  describe('a program at a terminal', () => {
    test('has its limits there, too', async ({ skip }) => {
      const stage = given()
      const limits = { memoryBytes: 64 * 1024 * 1024 }
      const { limits: limitCase } = stage.terminalCase
      const refusal = await stage.runtime.checkLimits?.({ limits, reservedBytes: 0 }, stage.signal)
      if (!limitCase || refusal) {
        return skip(`its memory can't be limited here: ${refusal?.reason ?? 'not at all'}`)
      }
      const options = { terminal: usualSize, limits }
      const modest = await stage.start(limitCase.programs.allocate(1024 * 1024), options)
      const greedy = await stage.start(limitCase.programs.allocate(256 * 1024 * 1024), options)
      expect(await stage.ended(greedy.run)).not.toEqual({ code: 0, signal: null })
      expect(stage.output(greedy.run)).not.toContain('ready')
      await stage.heard(modest, 'ready')
      await stage.stop(modest)
    })

    test('may be asked to go: the end of its input is the key for that', async () => {
      const stage = given()
      const started = await stage.startScript('cat; exit 5')
      stage.stroke(started, { stroke: 'keys', text: 'hello\r' })
      await stage.heard(started, 'hello\r\nhello')
      await stage.stop(started, { askMs: 600_000 })
      expect(readExit(started.run.folder)).toEqual({ code: 5, signal: null })
      expect(await stage.living(started.run)).toEqual([])
    })

    test('is told TERM where nothing is asked', async () => {
      const stage = given()
      const started = await stage.startScript('echo ready; exec sleep 1000')
      await stage.heard(started, 'ready')
      await stage.stop(started, { graceMs: 600_000 })
      expect(readExit(started.run.folder)).toEqual({ code: null, signal: 'SIGTERM' })
    })

    test('is killed with its whole family once its grace is over, and the record says so', async () => {
      const stage = given()
      const started = await stage.startScript(
        `setsid sh -c 'trap "" TERM; sleep 1000; sleep 1000' & trap "" TERM; echo ready; sleep 1000; sleep 1000`,
      )
      await stage.heard(started, 'ready')
      await stage.stop(started, { graceMs: 100 })
      expect(await stage.ended(started.run)).toEqual({ code: null, signal: 'SIGKILL' })
      expect(await stage.living(started.run)).toEqual([])
    })

    test('can be stopped right after its start', async () => {
      const stage = given()
      for (let round = 0; round < 5; round++) {
        const started = await stage.startScript('exec cat')
        await stage.stop(started, { askMs: round % 2 === 0 ? 0 : 5000 })
        expect(await stage.living(started.run)).toEqual([])
      }
    })

    test('is destroyed to the last of it, with a handle and without', async () => {
      const stage = given()
      for (const isKnown of [true, false]) {
        const { run, handle } = await stage.startScript('echo ready; exec sleep 1000')
        await stage.heard({ run }, 'ready')
        stage.stroke({ run }, { stroke: 'answer', name: 'a', text: 'x' })
        await stage.runtime.destroy(run, isKnown ? handle : null, stage.signal)
        expect(await stage.living(run)).toEqual([])
        const { bell, out, answers } = runFiles(run.folder)
        expect([bell, out, answers].map((file) => existsSync(file))).toEqual([false, true, false])
      }
    })

    test('is found by the next daemon, with a handle and without, and typed to', async () => {
      const stage = given()
      const started = await stage.startScript('cat')
      stage.stroke(started, { stroke: 'keys', text: 'one\r' })
      await stage.heard(started, 'one\r\none')
      const next = stage.case.createRuntime()
      const { run, handle } = started
      const running = { state: 'running', handle }
      expect(await next.recover(run, handle, stage.signal)).toEqual(running)
      expect(await next.recover(run, null, stage.signal)).toEqual(running)
      expect(await next.inspect(handle, stage.signal)).toBe('alive')
      stage.stroke(started, { stroke: 'keys', text: 'two\r' })
      await stage.heard(started, 'two\r\ntwo')
      const onlooker = await stage.look(started, { runtime: next })
      onlooker.type('three\r')
      await stage.heard(started, 'three\r\nthree')
    })

    test('is lost with what held its terminal, and released', async ({ skip }) => {
      const stage = given()
      if (!stage.terminalCase.breakTerminals) {
        return skip('its terminals end with their runs only')
      }
      const mild = await stage.startScript('echo ready; exec cat')
      const deaf = await stage.startScript(`trap '' HUP; echo ready; sleep 1000; sleep 1000`)
      const over = await stage.startScript('echo over; exit 6')
      await stage.heard(mild, 'ready')
      await stage.heard(deaf, 'ready')
      await stage.ended(over.run)
      await stage.terminalCase.breakTerminals()
      for (const { run, handle } of [mild, deaf]) {
        await stage.dead(handle)
        expect(await stage.recover(run, handle)).toMatchObject({
          state: 'lost',
          cause: expect.stringMatching(/\S/) as string,
        })
        expect(readExit(run.folder)).toBeNull()
        await stage.runtime.destroy(run, handle, stage.signal)
        expect(await stage.living(run)).toEqual([])
      }
      expect(await stage.recover(over.run, over.handle)).toEqual({
        state: 'exited',
        exit: { code: 6, signal: null },
      })
      // The next one is as the first.
      const again = await stage.startScript('echo again; exec cat')
      await stage.heard(again, 'again')
      expect(await stage.runtime.inspect(again.handle, stage.signal)).toBe('alive')
    })

    test('is unknown while its terminal can not be asked, and untouched', async ({ skip }) => {
      const stage = given()
      const started = await stage.startScript('cat')
      const { run, handle } = started
      stage.stroke(started, { stroke: 'keys', text: 'one\r' })
      await stage.heard(started, 'one\r\none')
      const undo = stage.case.makeUnknown?.(stage.runtime)
      if (!undo) {
        return skip('it can always be asked')
      }
      expect(await stage.runtime.inspect(handle, stage.signal)).toBe('unknown')
      expect(await stage.recover(run, handle)).toMatchObject({ state: 'unknown' })
      expect(await stage.recover(run, null)).toMatchObject({ state: 'unknown' })
      stage.stroke(started, { stroke: 'keys', text: 'two\r' })
      undo()
      await stage.heard(started, 'two\r\ntwo')
      await stage.until(
        'it to be known again',
        async () => (await stage.runtime.inspect(handle, stage.signal)) === 'alive',
      )
      expect(await stage.recover(run, handle)).toEqual({ state: 'running', handle })
    })

    test('can be stopped while its terminal can not be asked', async ({ skip }) => {
      const stage = given()
      const started = await stage.startScript('echo ready; exec cat')
      await stage.heard(started, 'ready')
      const undo = stage.case.makeUnknown?.(stage.runtime)
      if (!undo) {
        return skip('it can always be asked')
      }
      try {
        await stage.stop(started, { graceMs: 1000 })
        expect(await stage.runtime.inspect(started.handle, stage.signal)).toBe('dead')
        expect(readExit(started.run.folder)).toEqual({ code: null, signal: 'SIGTERM' })
      } finally {
        undo()
      }
      await stage.until(
        'nothing of it to live',
        async () => (await stage.living(started.run)).length === 0,
      )
    })
  })
}
