import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseHandle } from '../../src/runtimes/docker/handle.ts'
import { canRunDocker, DockerEngine } from '../support/docker-engine.ts'
import { smallImageTar } from '../support/docker-images.ts'
import { startEngineProxy } from '../support/engine-proxy.ts'
import { dockerStage } from './docker-case.ts'

let engine: DockerEngine
beforeAll(async () => {
  engine = await DockerEngine.start()
  await engine.run(['import', await smallImageTar(), 'drover-test'])
}, 120_000)
afterAll(async () => await engine?.[Symbol.asyncDispose](), 60_000)

const spin = ['/bin/sh', '-c', 'while :; do :; done'] as const

test.skipIf(!canRunDocker)(
  'what a container uses is told: its memory, its limit, its processor and its processes',
  async () => {
    const stage = dockerStage(engine)
    const limits = { memoryBytes: 64 * 1024 * 1024 }
    const busy = await stage.start(spin, { limits })
    const use = await stage.runtime.measureUse!(busy.handle, stage.signal)
    expect(use).toMatchObject({ memoryLimitBytes: limits.memoryBytes })
    expect(use!.memoryBytes).toBeGreaterThan(0)
    expect(use!.cpuPercent).toBeGreaterThan(0)
    expect(use!.pids).toBeGreaterThan(2)
    const idle = await stage.start(stage.case.programs.copy)
    expect(await stage.runtime.measureUse!(idle.handle, stage.signal)).toMatchObject({
      memoryLimitBytes: null,
    })
    await stage.stop(idle)
    expect(await stage.runtime.measureUse!(idle.handle, stage.signal)).toBeNull()
  },
)

test.skipIf(!canRunDocker)(
  'work is told from silence, and of one that is frozen nothing is told',
  async () => {
    const stage = dockerStage(engine)
    const busy = await stage.start(spin)
    const idle = await stage.start(stage.case.programs.copy)
    stage.write(idle.run, 'up\n')
    await stage.said(idle.run, 'up\n')
    const measure = async ({ run, handle }: typeof busy) =>
      await stage.runtime.measureWork!(run, handle, stage.signal)
    const before = [await measure(busy), await measure(idle)]
    await stage.until(
      'a busy one to have worked',
      async () => (await measure(busy))!.cpuMs > before[0]!.cpuMs + 200,
    )
    const after = await measure(idle)
    expect(after!.processes).toEqual(before[1]!.processes)
    expect(after!.processes.length).toBeGreaterThan(2)
    expect(after!.cpuMs - before[1]!.cpuMs).toBeLessThan(200)
    await engine.run(['pause', parseHandle(idle.handle).container])
    expect(await measure(idle)).toBeNull()
  },
)

test.skipIf(!canRunDocker)(
  'to look at runs that live costs no call, and to resume one costs one',
  async () => {
    const { host, calls } = await startEngineProxy(engine)
    const stage = dockerStage(engine, { host })
    const started = await stage.start(stage.case.programs.copy)
    stage.write(started.run, 'up\n')
    await stage.said(started.run, 'up\n')
    const { container } = parseHandle(started.handle)
    // The events of its start may still come.
    await stage.until('nothing to be asked', async () => {
      const before = calls.length
      await stage.runtime.inspect(started.handle, stage.signal)
      return calls.length === before
    })
    calls.length = 0
    for (let look = 0; look < 100; look++) {
      expect(await stage.runtime.inspect(started.handle, stage.signal)).toBe('alive')
    }
    expect(calls).toEqual([])
    await stage.runtime.suspend!(started.run, started.handle, stage.signal)
    calls.length = 0
    await stage.runtime.resume!(started.run, started.handle, stage.signal)
    expect(calls).toEqual([
      expect.stringMatching(`^POST /v1\\.\\d+/containers/${container}/unpause$`),
    ])
  },
)
