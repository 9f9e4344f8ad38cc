import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Handle, Launch, Recovery } from '../../src/runtimes/contract.ts'
import { FakeMachine, FakeRuntime } from '../../src/runtimes/fake/index.ts'
import { createRunFolder, readExit } from '../../src/runtimes/run-folder.ts'
import { describeRuntime } from './describe-runtime.ts'
import type { Argv, RuntimePrograms } from './runtime-programs.ts'

const program = (...argv: Argv): Argv => argv

const programs: RuntimePrograms = {
  copy: ['/bin/cat'],
  exit: (code) => program('exit', String(code)),
  die: (signal) => program('die', signal),
  printArguments: (args) => program('arguments', ...args),
  printEnvironment: ['environment'],
  printFolder: ['pwd'],
  complain: ['cry', 'bad'],
  stubborn: ['stubborn'],
  mute: ['mute'],
  parent: ['parent'],
  family: ['family'],
  missing: ['/no/such/program'],
}

describeRuntime(
  'fake',
  async () => {
    const machine = new FakeMachine()
    return {
      createRuntime: () => new FakeRuntime(machine),
      programs,
      addedVariables: [],
      impostors: (handle: Handle) => [
        { ...handle, startTime: 'another' },
        { ...handle, bootId: 'another' },
        { ...handle, pid: 4 },
      ],
      vanish: async (run) => machine.vanish(run.id),
      makeUnknown: (runtime) => {
        const { faults } = runtime as FakeRuntime
        faults.arm('inspect-unknown', Infinity)
        faults.arm('recover-unknown', Infinity)
        return () => {
          faults.disarm('inspect-unknown')
          faults.disarm('recover-unknown')
        }
      },
    }
  },
  { canSuspend: true },
)

describe('a fake runtime that was told to fail', () => {
  let folder: string
  let runtime: FakeRuntime
  let launch: Launch
  const signal = AbortSignal.timeout(30_000)
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'drover-fake-'))
    runtime = new FakeRuntime()
    launch = {
      run: { id: 'run_1', instance: 'home_1', folder: path.join(folder, 'run_1') },
      argv: ['cat'],
      env: {},
      cwd: folder,
    }
    createRunFolder(launch.run.folder)
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('brings nothing up when its start throws, and does so once', async () => {
    runtime.faults.arm('start-throws')
    await expect(runtime.start(launch, signal)).rejects.toMatchObject({ code: 'start_failed' })
    expect(runtime.machine.processes).toEqual([])
    await runtime.start(launch, signal)
    expect(runtime.machine.processes).toHaveLength(1)
  })

  test('hangs in its start until the call is aborted', async () => {
    runtime.faults.arm('start-hangs')
    const aborting = new AbortController()
    const starting = runtime.start(launch, aborting.signal)
    aborting.abort(new Error('enough'))
    await expect(starting).rejects.toThrow('enough')
    expect(runtime.machine.processes).toEqual([])
  })

  test('has the program up though the answer of its start was lost', async () => {
    runtime.faults.arm('start-loses-answer')
    await expect(runtime.start(launch, signal)).rejects.toMatchObject({ code: 'start_failed' })
    const next = new FakeRuntime(runtime.machine)
    expect((await next.recover(launch.run, null)).state).toBe('running')
  })

  test('touches no process when its stop throws or hangs', async () => {
    const handle = await runtime.start(launch, signal)
    runtime.faults.arm('stop-throws')
    await expect(
      runtime.stop(launch.run, handle, { askMs: 0, graceMs: 0, signal }),
    ).rejects.toMatchObject({ code: 'stop_failed' })
    runtime.faults.arm('stop-hangs')
    const gone = AbortSignal.abort(new Error('enough'))
    await expect(
      runtime.stop(launch.run, handle, { askMs: 0, graceMs: 0, signal: gone }),
    ).rejects.toThrow('enough')
    expect(await runtime.inspect(handle)).toBe('alive')
    await runtime.stop(launch.run, handle, { askMs: 0, graceMs: 0, signal })
    expect(readExit(launch.run.folder)).toEqual({ code: null, signal: 'SIGTERM' })
  })

  test('keeps what there is when its destroy throws', async () => {
    await runtime.start(launch, signal)
    runtime.faults.arm('destroy-throws')
    await expect(runtime.destroy(launch.run)).rejects.toMatchObject({ code: 'stop_failed' })
    expect(await runtime.list('home_1')).toHaveLength(1)
    await runtime.destroy(launch.run)
    expect(await runtime.list('home_1')).toEqual([])
  })

  test('throws from list for as long as it was told to', async () => {
    runtime.faults.arm('list-throws', 2)
    await expect(runtime.list('home_1')).rejects.toMatchObject({ code: 'runtime_unavailable' })
    await expect(runtime.list('home_1')).rejects.toMatchObject({ code: 'runtime_unavailable' })
    expect(await runtime.list('home_1')).toEqual([])
  })

  test('leaves a run as it is when its suspend or its resume throws or hangs', async () => {
    const handle = await runtime.start(launch, signal)
    const gone = AbortSignal.abort(new Error('enough'))
    runtime.faults.arm('suspend-throws')
    await expect(runtime.suspend(launch.run, handle, signal)).rejects.toMatchObject({
      code: 'suspend_failed',
    })
    runtime.faults.arm('suspend-hangs')
    await expect(runtime.suspend(launch.run, handle, gone)).rejects.toThrow('enough')
    expect((await runtime.recover(launch.run, handle)).state).toBe('running')
    await runtime.suspend(launch.run, handle, signal)
    runtime.faults.arm('resume-throws')
    await expect(runtime.resume(launch.run, handle, signal)).rejects.toMatchObject({
      code: 'resume_failed',
    })
    runtime.faults.arm('resume-hangs')
    await expect(runtime.resume(launch.run, handle, gone)).rejects.toThrow('enough')
    expect((await runtime.recover(launch.run, handle)).state).toBe('suspended')
  })

  test('has suspended and resumed a run though the answer was lost', async () => {
    const handle = await runtime.start(launch, signal)
    const gone = AbortSignal.abort(new Error('enough'))
    runtime.faults.arm('suspend-loses-answer')
    await expect(runtime.suspend(launch.run, handle, gone)).rejects.toThrow('enough')
    expect((await runtime.recover(launch.run, handle)).state).toBe('suspended')
    runtime.faults.arm('resume-loses-answer')
    await expect(runtime.resume(launch.run, handle, gone)).rejects.toThrow('enough')
    expect((await runtime.recover(launch.run, handle)).state).toBe('running')
  })

  test('loses every run when its machine is restarted', async () => {
    const handle = await runtime.start(launch, signal)
    runtime.machine.reboot()
    const expected: Recovery = { state: 'lost', cause: 'the machine was restarted' }
    expect(await runtime.recover(launch.run, handle)).toEqual(expected)
    expect(await runtime.list('home_1')).toEqual([])
  })

  test('runs the programs that a check on the real machine knows, and others through env', async () => {
    const echo = { ...launch, argv: ['/usr/bin/env', 'exit', '4'] as const }
    await runtime.start(echo, signal)
    expect(readExit(launch.run.folder)).toEqual({ code: 4, signal: null })
  })
})
