import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readExit, runFiles } from '../../src/runtimes/run-folder.ts'
import type { RuntimeStage } from './runtime-stage.ts'

/** Long enough to show that nobody waited for it, ms. */
const foreverMs = 10 * 60_000

/** Stop, destroy, and their limits. */
export function describeStopping(given: () => RuntimeStage): void {
  describe('stop', () => {
    test('asks first: a program that ends with its input exits by itself', async () => {
      const stage = given()
      const started = await stage.start(stage.case.programs.copy)
      stage.write(started.run, 'hello\n')
      await stage.said(started.run, 'hello\n')
      await stage.stop(started, { askMs: foreverMs })
      expect(readExit(started.run.folder)).toEqual({ code: 0, signal: null })
      expect(await stage.living(started.run)).toEqual([])
    })

    test('sends TERM where nothing is asked', async () => {
      const stage = given()
      const started = await stage.start(stage.case.programs.copy)
      stage.write(started.run, 'hello\n')
      await stage.said(started.run, 'hello\n')
      await stage.stop(started, { graceMs: foreverMs })
      expect(readExit(started.run.folder)).toEqual({ code: null, signal: 'SIGTERM' })
    })

    test('sends TERM to a program that does not do as it is asked', async () => {
      const stage = given()
      const started = await stage.start(stage.case.programs.die('SIGKILL'))
      await stage.ended(started.run)
      const deaf = await stage.start(stage.case.programs.family)
      await stage.said(deaf.run, 'ready\n')
      await stage.stop(deaf, { askMs: 50, graceMs: 1000 })
      expect(await stage.runtime.inspect(deaf.handle, stage.signal)).toBe('dead')
      expect(await stage.living(deaf.run)).toEqual([])
    })

    test('kills a program that ignores TERM once its grace is over, and the record says so', async () => {
      const stage = given()
      const started = await stage.start(stage.case.programs.stubborn)
      await stage.said(started.run, 'ready\n')
      await stage.stop(started, { graceMs: 100 })
      expect(await stage.runtime.inspect(started.handle, stage.signal)).toBe('dead')
      expect(await stage.ended(started.run)).toEqual({ code: null, signal: 'SIGKILL' })
      expect(await stage.living(started.run)).toEqual([])
    })

    test('reaches a grandchild that left the group and the session', async () => {
      const stage = given()
      const started = await stage.start(stage.case.programs.family)
      await stage.said(started.run, 'ready\n')
      await stage.stop(started, { graceMs: 100 })
      expect(await stage.living(started.run)).toEqual([])
    })

    test('may come twice, and after the end', async () => {
      const stage = given()
      const started = await stage.start(stage.case.programs.copy)
      await Promise.all([stage.stop(started), stage.stop(started)])
      await stage.stop(started)
      const ended = await stage.start(stage.case.programs.exit(3))
      await stage.ended(ended.run)
      await stage.stop(ended, { askMs: 1000 })
      expect(readExit(ended.run.folder)).toEqual({ code: 3, signal: null })
    })

    test('of one run leaves the others alone', async () => {
      const stage = given()
      const one = await stage.start(stage.case.programs.copy)
      const other = await stage.start(stage.case.programs.copy)
      await stage.stop(one)
      await stage.runtime.destroy(one.run, one.handle, stage.signal)
      stage.write(other.run, 'still here\n')
      await stage.said(other.run, 'still here\n')
    })

    test('right after the start stops it', async () => {
      const stage = given()
      for (let round = 0; round < 5; round++) {
        const started = await stage.start(stage.case.programs.copy)
        await stage.stop(started, { askMs: round % 2 === 0 ? 0 : 5000 })
        expect(await stage.living(started.run)).toEqual([])
      }
    })
  })

  describe('destroy', () => {
    test('leaves nothing but the record', async () => {
      const stage = given()
      const started = await stage.start(stage.case.programs.family)
      await stage.said(started.run, 'ready\n')
      await stage.runtime.destroy(started.run, started.handle, stage.signal)
      expect(await stage.living(started.run)).toEqual([])
      expect(await stage.runtime.inspect(started.handle, stage.signal)).toBe('dead')
      const files = runFiles(started.run.folder)
      expect([files.bell, files.out, files.in].map((file) => existsSync(file))).toEqual([
        false,
        true,
        true,
      ])
    })

    test('needs no handle', async () => {
      const stage = given()
      const started = await stage.start(stage.case.programs.stubborn)
      await stage.said(started.run, 'ready\n')
      await stage.runtime.destroy(started.run, null, stage.signal)
      expect(await stage.living(started.run)).toEqual([])
      expect(existsSync(runFiles(started.run.folder).bell)).toBe(false)
    })

    test('may come twice, and where nothing was ever started', async () => {
      const stage = given()
      const started = await stage.start(stage.case.programs.copy)
      await stage.runtime.destroy(started.run, started.handle, stage.signal)
      await stage.runtime.destroy(started.run, started.handle, stage.signal)
      await stage.runtime.destroy(stage.prepare(), null, stage.signal)
      expect(await stage.runtime.list(stage.instance, stage.signal)).toEqual([])
    })
  })

  describe('a call whose signal aborts', () => {
    test('ends, though a program ignores TERM and has all the time in the world', async () => {
      const stage = given()
      const { run, handle } = await stage.start(stage.case.programs.stubborn)
      await stage.said(run, 'ready\n')
      const aborting = new AbortController()
      const stopping = stage.runtime.stop(run, handle, {
        askMs: foreverMs,
        graceMs: foreverMs,
        signal: aborting.signal,
      })
      aborting.abort(new Error('enough'))
      // A runtime that has nothing to wait for may have done its work already.
      const outcome = await stopping.then(
        () => 'done',
        () => 'aborted',
      )
      expect(['done', 'aborted']).toContain(outcome)
    })

    test('ends at once when it was aborted before, whichever call it is', async () => {
      const stage = given()
      const { run, handle } = await stage.start(stage.case.programs.copy)
      const gone = AbortSignal.abort(new Error('enough'))
      const { runtime } = stage
      await Promise.allSettled([
        runtime.probe(gone),
        runtime.inspect(handle, gone),
        runtime.recover(run, handle, gone),
        runtime.list(run.instance, gone),
        runtime.stop(run, handle, { askMs: foreverMs, graceMs: foreverMs, signal: gone }),
      ])
      expect(['alive', 'dead']).toContain(await runtime.inspect(handle, stage.signal))
    })
  })
}
