import { describe, expect, test } from 'vitest'
import type { Handle } from '../../src/runtimes/contract.ts'
import { fileSize } from '../../src/util/file-size.ts'
import { appendAt, runFiles } from '../../src/runtimes/run-folder.ts'
import type { RuntimeStage, StartedRun } from './runtime-stage.ts'

/** How a runtime lets a run rest and go on. Only for those that can. */
export function describeSuspend(given: () => RuntimeStage): void {
  const suspend = async ({ run, handle }: StartedRun): Promise<Handle> =>
    stored(await given().runtime.suspend!(run, handle, given().signal))
  const resume = async ({ run, handle }: StartedRun): Promise<Handle> =>
    stored(await given().runtime.resume!(run, handle, given().signal))

  /** A run that has answered once. */
  async function startCopy(): Promise<StartedRun> {
    const stage = given()
    const started = await stage.start(stage.case.programs.copy)
    stage.write(started.run, 'before\n')
    await stage.said(started.run, 'before\n')
    return started
  }

  /** Time in which a run that is awake has surely answered: another one, told the same later, has. */
  async function untilAnotherAnswered(): Promise<void> {
    const stage = given()
    const other = await stage.start(stage.case.programs.copy)
    stage.write(other.run, 'meanwhile\n')
    await stage.said(other.run, 'meanwhile\n')
    await stage.stop(other)
  }

  describe('a run that is suspended', () => {
    test('says nothing to what it is told, and once it is resumed all of it, once', async () => {
      const stage = given()
      const started = await startCopy()
      const handle = await suspend(started)
      for (const line of ['one\n', 'two\n', 'three\n']) {
        stage.write(started.run, line)
      }
      await untilAnotherAnswered()
      expect(stage.output(started.run)).toBe('before\n')
      await resume({ ...started, handle })
      await stage.said(started.run, 'before\none\ntwo\nthree\n')
      stage.write(started.run, 'after\n')
      await stage.said(started.run, 'before\none\ntwo\nthree\nafter\n')
    })

    test('is told of what came while nobody rang', async () => {
      const stage = given()
      const started = await startCopy()
      const handle = await suspend(started)
      const { in: input } = runFiles(started.run.folder)
      appendAt(input, fileSize(input), Buffer.from('unheard\n'))
      await resume({ ...started, handle })
      // As the daemon does, which does not know whether it had rung.
      stage.runtime.notifyInput(started.run, 8)
      await stage.said(started.run, 'before\nunheard\n')
    })

    test('takes much input that came meanwhile, whole and in order', async () => {
      const stage = given()
      const started = await startCopy()
      const handle = await suspend(started)
      const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index}\n`).join('')
      stage.write(started.run, lines)
      for (let ring = 0; ring < 2000; ring++) {
        stage.runtime.notifyInput(started.run, 1)
      }
      await resume({ ...started, handle })
      await stage.said(started.run, `before\n${lines}`)
    })

    test('goes on where it was, its own work as well', async ({ skip }) => {
      const stage = given()
      const { countAloud } = stage.case
      if (!countAloud) {
        return skip('its programs have no clock')
      }
      const started = await stage.start(countAloud)
      const { out } = runFiles(started.run.folder)
      await stage.until('it to count', () => fileSize(out) > 0)
      const handle = await suspend(started)
      const counted = stage.output(started.run)
      const other = await stage.start(countAloud)
      await stage.until('another to count further', () =>
        stage.output(other.run).startsWith('1\n2\n3\n4\n5\n'),
      )
      expect(stage.output(started.run)).toBe(counted)
      await resume({ ...started, handle })
      await stage.until('it to count on', () => fileSize(out) > counted.length + 10)
      const lines = stage.output(started.run).split('\n').slice(0, -1)
      expect(lines).toEqual(lines.map((_, index) => String(index + 1)))
    })

    test('rests with all its children', async () => {
      const stage = given()
      const started = await stage.start(stage.case.programs.family)
      await stage.said(started.run, 'ready\n')
      const before = (await stage.living(started.run)).length
      const handle = await suspend(started)
      expect((await stage.recover(started.run, handle)).state).toBe('suspended')
      await resume({ ...started, handle })
      expect(await stage.living(started.run)).toHaveLength(before)
    })

    test('may be suspended twice and resumed twice, also by a handle of before', async () => {
      const stage = given()
      const started = await startCopy()
      const first = await suspend(started)
      expect(await suspend({ ...started, handle: first })).toEqual(first)
      expect(await suspend(started)).toEqual(first)
      expect((await stage.recover(started.run, first)).state).toBe('suspended')
      const awake = await resume({ ...started, handle: first })
      expect(await resume({ ...started, handle: awake })).toEqual(awake)
      expect(await resume({ ...started, handle: first })).toEqual(awake)
      expect(await resume(started)).toEqual(awake)
      stage.write(started.run, 'once\n')
      await stage.said(started.run, 'before\nonce\n')
      const again = await suspend({ ...started, handle: awake })
      stage.write(started.run, 'twice\n')
      await resume({ ...started, handle: again })
      await stage.said(started.run, 'before\nonce\ntwice\n')
    })

    test('is left as it is by a resume where it is awake', async () => {
      const stage = given()
      const started = await startCopy()
      expect(await resume(started)).toEqual(stored(started.handle))
      stage.write(started.run, 'after\n')
      await stage.said(started.run, 'before\nafter\n')
    })

    test('is found so by the next daemon, by each of its handles and by none', async () => {
      const stage = given()
      const started = await startCopy()
      const handle = await suspend(started)
      const next = stage.case.createRuntime()
      for (const known of [handle, started.handle, null]) {
        expect(await next.recover(started.run, known, stage.signal)).toEqual({
          state: 'suspended',
          handle,
        })
      }
      expect(await next.inspect(handle, stage.signal)).toBe('alive')
      expect(await stage.living(started.run)).not.toEqual([])
      stage.write(started.run, 'after\n')
      await untilAnotherAnswered()
      expect(stage.output(started.run)).toBe('before\n')
      const awake = await next.resume!(started.run, handle, stage.signal)
      next.notifyInput(started.run, 6)
      await stage.said(started.run, 'before\nafter\n')
      for (const known of [awake, handle, null]) {
        expect(await stage.recover(started.run, known)).toEqual({
          state: 'running',
          handle: stored(awake),
        })
      }
    })

    test.for(['of before', 'it has now'] as const)(
      'is stopped by the handle %s, and nothing of it lives',
      async (which) => {
        const stage = given()
        const started = await startCopy()
        const handle = await suspend(started)
        stage.write(started.run, 'unread\n')
        const known = which === 'of before' ? started.handle : handle
        const times = { askMs: 1000, graceMs: 1000 }
        await stage.stop({ run: started.run, handle: known }, times)
        await stage.dead(known)
        expect(await stage.living(started.run)).toEqual([])
        expect((await stage.recover(started.run, known)).state).toMatch(/^(exited|lost)$/)
        await stage.stop({ run: started.run, handle: known }, times)
      },
    )

    test('is stopped though TERM does not end it', async () => {
      const stage = given()
      const started = await stage.start(stage.case.programs.stubborn)
      await stage.said(started.run, 'ready\n')
      const handle = await suspend(started)
      await stage.stop({ run: started.run, handle }, { graceMs: 50 })
      await stage.dead(handle)
      expect(await stage.living(started.run)).toEqual([])
    })

    test('is destroyed, and nothing of it is left', async () => {
      const stage = given()
      const started = await startCopy()
      const handle = await suspend(started)
      await stage.runtime.destroy(started.run, handle, stage.signal)
      expect(await stage.living(started.run)).toEqual([])
      expect(await stage.runtime.inspect(handle, stage.signal)).toBe('dead')
      await stage.runtime.destroy(started.run, handle, stage.signal)
    })

    test('can be lost like any other, and is neither suspended nor resumed then', async () => {
      const stage = given()
      const started = await startCopy()
      const handle = await suspend(started)
      await stage.case.vanish(started.run, handle)
      expect((await stage.recover(started.run, handle)).state).toBe('lost')
      await expect(resume({ ...started, handle })).rejects.toMatchObject({ code: 'resume_failed' })
      await expect(suspend({ ...started, handle })).rejects.toMatchObject({
        code: 'suspend_failed',
      })
    })
  })
}

/** As from the database: plain JSON. */
function stored(handle: Handle): Handle {
  return JSON.parse(JSON.stringify(handle)) as Handle
}
