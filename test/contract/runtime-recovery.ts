import { describe, expect, test } from 'vitest'
import { readExit } from '../../src/runtimes/run-folder.ts'
import type { RuntimeStage } from './runtime-stage.ts'

/** What a daemon that comes after finds. Every recovery here is by a runtime that has just been made. */
export function describeRecovery(given: () => RuntimeStage): void {
  describe('recover', () => {
    test('adopts a run that lives, and its input goes on', async () => {
      const stage = given()
      const { run, handle } = await stage.start(stage.case.programs.copy)
      stage.write(run, 'before\n')
      await stage.said(run, 'before\n')
      const next = stage.case.createRuntime()
      expect(await next.recover(run, JSON.parse(JSON.stringify(handle)), stage.signal)).toEqual({
        state: 'running',
        handle,
      })
      stage.write(run, 'after\n')
      next.notifyInput(run, 6)
      await stage.said(run, 'before\nafter\n')
    })

    test('tells how a run ended while nobody looked', async () => {
      const stage = given()
      const { run, handle } = await stage.start(stage.case.programs.exit(3))
      await stage.ended(run)
      const next = stage.case.createRuntime()
      expect(await next.recover(run, handle, stage.signal)).toEqual({
        state: 'exited',
        exit: { code: 3, signal: null },
      })
      expect(await next.recover(run, null, stage.signal)).toEqual({
        state: 'exited',
        exit: { code: 3, signal: null },
      })
    })

    test('says that a run is lost which is gone and left no record', async () => {
      const stage = given()
      const { run, handle } = await stage.start(stage.case.programs.copy)
      // It must have begun: one that vanishes before was never started.
      stage.write(run, 'hello\n')
      await stage.said(run, 'hello\n')
      await stage.case.vanish(run, handle)
      expect(await stage.runtime.inspect(handle, stage.signal)).toBe('dead')
      expect(await stage.recover(run, handle)).toMatchObject({
        state: 'lost',
        cause: expect.stringMatching(/\S/),
      })
      const found = await stage.recover(run, null)
      expect(found).toMatchObject({ state: 'lost' })
      expect(found).not.toHaveProperty('isUnstarted')
    })

    test('finds a run whose handle was never stored', async () => {
      const stage = given()
      const { run, handle } = await stage.start(stage.case.programs.copy)
      stage.write(run, 'hello\n')
      await stage.said(run, 'hello\n')
      expect(await stage.recover(run, null)).toEqual({ state: 'running', handle })
      await stage.stop({ run, handle })
    })

    test('takes a run that was never started away from a start that comes too late', async () => {
      const stage = given()
      const run = stage.prepare()
      expect(await stage.recover(run, null)).toMatchObject({ state: 'lost', isUnstarted: true })
      expect(await stage.recover(run, null)).toMatchObject({ state: 'lost', isUnstarted: true })
      const late = await stage.start(stage.case.programs.stubborn, { run }).catch(() => null)
      if (late) {
        await stage.dead(late.handle)
        expect(await stage.recover(run, late.handle)).toMatchObject({ state: 'lost' })
      }
      expect(stage.output(run)).toBe('')
      expect(readExit(run.folder)).toBeNull()
      expect(await stage.living(run)).toEqual([])
    })

    test('knows by more than a number whom a handle names', async () => {
      const stage = given()
      const { run, handle } = await stage.start(stage.case.programs.copy)
      const impostors = stage.case.impostors(handle)
      expect(impostors.length).toBeGreaterThan(0)
      for (const impostor of impostors) {
        expect(await stage.runtime.inspect(impostor, stage.signal)).toBe('dead')
        expect((await stage.recover(run, impostor)).state).toBe('lost')
      }
      expect(await stage.runtime.inspect(handle, stage.signal)).toBe('alive')
    })

    test('looks without touching', async () => {
      const stage = given()
      const { run, handle } = await stage.start(stage.case.programs.copy)
      stage.write(run, 'hello\n')
      await stage.said(run, 'hello\n')
      for (let round = 0; round < 20; round++) {
        await Promise.all([
          stage.recover(run, handle),
          stage.recover(run, null),
          stage.runtime.inspect(handle, stage.signal),
          stage.living(run),
        ])
      }
      stage.write(run, 'unharmed\n')
      await stage.said(run, 'hello\nunharmed\n')
    })
  })
}

/** What a runtime does whose backend gives no answer. */
export function describeUnknown(given: () => RuntimeStage): void {
  describe('a runtime that can not be asked', () => {
    test('says so, and touches nothing', async () => {
      const stage = given()
      const { run, handle } = await stage.start(stage.case.programs.copy)
      const undo = stage.case.makeUnknown?.(stage.runtime)
      expect(await stage.runtime.inspect(handle, stage.signal)).toBe('unknown')
      expect(await stage.recover(run, handle)).toMatchObject({
        state: 'unknown',
        cause: expect.stringMatching(/\S/),
      })
      expect(await stage.recover(run, null)).toMatchObject({ state: 'unknown' })
      undo?.()
      expect(await stage.recover(run, handle)).toEqual({ state: 'running', handle })
      stage.write(run, 'unharmed\n')
      await stage.said(run, 'unharmed\n')
    })
  })
}
