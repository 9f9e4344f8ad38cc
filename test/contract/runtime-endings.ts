import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { runFiles } from '../../src/runtimes/run-folder.ts'
import type { RuntimeStage } from './runtime-stage.ts'

/** How programs end by themselves. */
export function describeEndings(given: () => RuntimeStage): void {
  describe('an ending', () => {
    test.for([0, 1, 3, 100, 126, 127])('with code %i is on record as that', async (code) => {
      const stage = given()
      const { run, handle } = await stage.start(stage.case.programs.exit(code))
      expect(await stage.ended(run)).toEqual({ code, signal: null })
      await stage.dead(handle)
      expect(await stage.recover(run, handle)).toEqual({
        state: 'exited',
        exit: { code, signal: null },
      })
    })

    test.for(['SIGKILL', 'SIGTERM', 'SIGSEGV'] as const)(
      'by %s is on record as that',
      async (signal) => {
        const stage = given()
        const { run } = await stage.start(stage.case.programs.die(signal))
        expect(await stage.ended(run)).toEqual({ code: null, signal })
      },
    )

    test('of a program that is not there is 127, and something is said of it', async () => {
      const stage = given()
      const { run } = await stage.start(stage.case.programs.missing)
      expect(await stage.ended(run)).toEqual({ code: 127, signal: null })
      expect(readFileSync(runFiles(run.folder).err, 'utf8')).toContain('/no/such/program')
    })

    test('comes with all that was said before it, on the stream it was said on', async () => {
      const stage = given()
      const { run } = await stage.start(stage.case.programs.complain)
      expect(await stage.ended(run)).toEqual({ code: 1, signal: null })
      expect(readFileSync(runFiles(run.folder).err, 'utf8')).toBe('bad\n')
      expect(stage.output(run)).toBe('')
    })

    test('is not yet when a program closes its output and lives on', async () => {
      const stage = given()
      const { run, handle } = await stage.start(stage.case.programs.mute)
      await stage.said(run, 'ready\n')
      expect(await stage.runtime.inspect(handle, stage.signal)).toBe('alive')
      expect((await stage.recover(run, handle)).state).toBe('running')
      stage.write(run, 'go\n')
      expect(await stage.ended(run)).toEqual({ code: 0, signal: null })
    })

    test('of a program whose child stays is its own; the child is released by destroy, if not before', async () => {
      const stage = given()
      const { run, handle } = await stage.start(stage.case.programs.parent)
      expect(await stage.ended(run)).toEqual({ code: 0, signal: null })
      await stage.dead(handle)
      if (stage.case.isEndingChildren) {
        await stage.until('its end', async () => (await stage.living(run)).length === 0)
      } else {
        expect(await stage.living(run)).toHaveLength(1)
      }
      await stage.runtime.destroy(run, handle, stage.signal)
      expect(await stage.living(run)).toEqual([])
    })

    test('leaves nobody behind, however many come at once', async () => {
      const stage = given()
      const started = await Promise.all(
        Array.from(
          { length: stage.case.many ?? 60 },
          async () => await stage.start(stage.case.programs.exit(0)),
        ),
      )
      for (const { run, handle } of started) {
        expect(await stage.ended(run)).toEqual({ code: 0, signal: null })
        await stage.dead(handle)
        if (stage.case.isListedUntilDestroyed) {
          await stage.runtime.destroy(run, handle, stage.signal)
        }
      }
      await stage.until(
        'an empty list',
        async () => (await stage.runtime.list(stage.instance, stage.signal)).length === 0,
      )
    })
  })
}
