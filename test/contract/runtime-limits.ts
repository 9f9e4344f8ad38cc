import { describe, expect, test, type TestContext } from 'vitest'
import type { LimitRefusal } from '../../src/runtimes/contract.ts'
import { readExit } from '../../src/runtimes/run-folder.ts'
import type { AgentLimits } from '../../src/schema/agent-limits.ts'
import { oddArguments, oddEnvironment } from './runtime-launch.ts'
import type { GreedyPrograms } from './runtime-programs.ts'
import type { RuntimeStage, StartedRun } from './runtime-stage.ts'

/** What a runtime that can limit programs shows it with. */
export interface LimitCase {
  programs: GreedyPrograms
  /** Processes and threads that count though they are none of the run's. */
  otherTasks(): Promise<number>
}

const mebibyte = 1024 * 1024
const littleBytes = 8 * mebibyte
const limitBytes = 64 * mebibyte
const muchBytes = 300 * mebibyte

/** Where others count, too, they come and go: this much must be between what fits and what does not. */
const fewTasks = 60
const manyTasks = 100

const names = ['memoryBytes', 'cpus', 'pids'] as const

/** What bounds a program: which limits work depends on the machine, that none is silently dropped does not. */
export function describeLimits(given: () => RuntimeStage): void {
  const refusalOf = async (limits: AgentLimits): Promise<LimitRefusal | null> => {
    const stage = given()
    const box = stage.case.boxOf?.(stage.prepare(), stage.folder)
    const launch = { limits, reservedBytes: 0, ...(box ? { box } : {}) }
    return (await stage.runtime.checkLimits?.(launch, stage.signal)) ?? null
  }
  /** The case, or a skip that says why the machine can't keep the limit. */
  const need = async (limits: AgentLimits, { skip }: TestContext): Promise<LimitCase> => {
    const { limits: limitCase } = given().case
    const refusal = limitCase && (await refusalOf(limits))
    return !limitCase || refusal
      ? skip(
          `it can't limit ${Object.keys(limits).join()} here: ${refusal?.reason ?? 'not at all'}`,
        )
      : limitCase
  }
  const roomy = async (): Promise<AgentLimits> => {
    const otherTasks = (await given().case.limits?.otherTasks()) ?? 0
    const wanted = { memoryBytes: limitBytes, cpus: 1, pids: otherTasks + fewTasks }
    const limits: AgentLimits = {}
    for (const name of names) {
      if (!(await refusalOf({ [name]: wanted[name] }))) {
        limits[name] = wanted[name]
      }
    }
    return limits
  }
  const endedWithout = async ({ run, handle }: StartedRun, word: string): Promise<void> => {
    const stage = given()
    const exit = await stage.ended(run)
    expect(exit, stage.output(run)).not.toEqual({ code: 0, signal: null })
    expect(stage.output(run)).not.toContain(word)
    await stage.dead(handle)
  }

  describe('a limit', () => {
    test('can be asked about where the runtime has the capability, and only there', () => {
      const { runtime, case: runtimeCase } = given()
      expect(runtime.checkLimits !== undefined).toBe(runtime.capabilities.limits)
      expect(runtimeCase.limits !== undefined).toBe(runtime.capabilities.limits)
    })

    test('is kept or refused, and nothing is started without it', async () => {
      const stage = given()
      const otherTasks = (await stage.case.limits?.otherTasks()) ?? 0
      const all = { memoryBytes: limitBytes, cpus: 1, pids: otherTasks + fewTasks }
      for (const name of stage.case.limits ? names : []) {
        const limits = { [name]: all[name] }
        const refusal = await refusalOf(limits)
        const run = stage.prepare()
        const starting = stage.start(stage.case.programs.copy, { run, limits })
        if (refusal) {
          expect(refusal).toMatchObject({ limit: name, reason: expect.any(String) as string })
          await expect(starting).rejects.toMatchObject({
            code: 'unsupported',
            details: { field: `limits.${name}` },
          })
          expect(await stage.living(run)).toEqual([])
        } else {
          await starting
        }
      }
    })

    test('of memory ends a program that wants more, and no other', async (context) => {
      const { programs } = await need({ memoryBytes: limitBytes }, context)
      const stage = given()
      const limits = { memoryBytes: limitBytes }
      const modest = await stage.start(programs.allocate(littleBytes), { limits })
      const free = await stage.start(programs.allocate(muchBytes))
      const greedy = await stage.start(programs.allocate(muchBytes), { limits })
      await endedWithout(greedy, 'ready')
      for (const { run } of [modest, free]) {
        await stage.said(run, 'ready\n')
        stage.write(run, 'still here\n')
        await stage.said(run, 'ready\nstill here\n')
      }
    })

    test('of processes fails a program that starts more, and no other', async (context) => {
      const stage = given()
      const others = (await stage.case.limits?.otherTasks()) ?? 0
      const pids = others + fewTasks
      const machine = await need({ pids }, context)
      const { programs } = machine
      const greedy = await stage.start(programs.multiply(pids + manyTasks), { limits: { pids } })
      await endedWithout(greedy, 'ready')
      await stage.runtime.destroy(greedy.run, greedy.handle, stage.signal)
      // Who died counts until the system has buried it.
      const isQuiet = async (): Promise<boolean> =>
        (await machine.otherTasks()) < others + fewTasks / 2
      await stage.until('its children to be gone', isQuiet)
      const modest = await stage.start(programs.multiply(3), { limits: { pids } })
      await stage.said(modest.run, 'ready\n')
      const free = await stage.start(programs.multiply(pids + manyTasks))
      await stage.said(free.run, 'ready\n')
    })

    test('changes nothing else of a launch', async () => {
      const stage = given()
      const limits = await roomy()
      const said = await stage.start(stage.case.programs.printArguments(oddArguments), { limits })
      const env = await stage.start(stage.case.programs.printEnvironment, {
        env: oddEnvironment,
        limits,
      })
      const missing = await stage.start(stage.case.programs.missing, { limits })
      await stage.ended(said.run)
      expect(stage.output(said.run)).toBe(oddArguments.map((arg) => `${arg}\0`).join(''))
      await stage.ended(env.run)
      const entries = stage
        .output(env.run)
        .split('\0')
        .slice(0, -1)
        .filter((entry) => !stage.case.addedVariables.includes(entry.split('=')[0] ?? ''))
      expect(entries.toSorted()).toEqual(
        Object.entries({
          PATH: '/usr/bin:/bin',
          ...oddEnvironment,
          DROVER_INSTANCE: env.run.instance,
          DROVER_RUN: env.run.id,
        })
          .map(([name, value]) => `${name}=${value}`)
          .toSorted(),
      )
      expect(await stage.ended(missing.run)).toEqual({ code: 127, signal: null })
    })

    test('leaves input, output and the ending as they are', async () => {
      const stage = given()
      const { run, handle } = await stage.start(stage.case.programs.copy, {
        limits: await roomy(),
      })
      stage.write(run, 'one\n')
      await stage.said(run, 'one\n')
      expect(await stage.recover(run, handle)).toEqual({ state: 'running', handle })
      expect(stage.runtime.explainExit?.(run, { code: 0, signal: null }) ?? null).toBeNull()
      await stage.stop({ run, handle }, { askMs: 20_000 })
      expect(readExit(run.folder)).toEqual({ code: 0, signal: null })
      const killed = await stage.start(stage.case.programs.die('SIGKILL'), {
        limits: await roomy(),
      })
      const exit = await stage.ended(killed.run)
      expect(exit).toEqual({ code: null, signal: 'SIGKILL' })
      // Nobody ran out of anything.
      expect(stage.runtime.explainExit?.(killed.run, exit) ?? null).toBeNull()
    })

    test('is released with its run, by a daemon that knows of no handle, too', async () => {
      const stage = given()
      const limits = await roomy()
      const { run } = await stage.start(stage.case.programs.family, { limits })
      await stage.said(run, 'ready\n')
      expect((await stage.recover(run, null)).state).toBe('running')
      await stage.runtime.destroy(run, null, stage.signal)
      expect(await stage.living(run)).toEqual([])
      await stage.runtime.destroy(run, null, stage.signal)
    })
  })
}
