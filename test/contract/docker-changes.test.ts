import path from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Handle } from '../../src/runtimes/contract.ts'
import { parseHandle } from '../../src/runtimes/docker/handle.ts'
import { DockerRuntime } from '../../src/runtimes/docker/index.ts'
import type { ContainerWish } from '../../src/schema/container.ts'
import { canRunDocker, DockerEngine, noNetwork } from '../support/docker-engine.ts'
import { smallImageTar } from '../support/docker-images.ts'
import { canMount, mountSmallDisk } from '../support/small-disk.ts'
import { dockerStage } from './docker-case.ts'
import type { RuntimeStage, StartedRun } from './runtime-stage.ts'

let engine: DockerEngine
beforeAll(async () => {
  engine = await DockerEngine.start()
  await engine.run(['import', await smallImageTar(), 'drover-test'])
}, 120_000)
afterAll(async () => await engine?.[Symbol.asyncDispose](), 60_000)

const idOf = (handle: Handle): string => parseHandle(handle).container
const mebibyte = 1024 * 1024

async function end(stage: RuntimeStage, started: StartedRun): Promise<void> {
  await stage.stop(started)
  await stage.runtime.destroy(started.run, started.handle, stage.signal)
}

async function limitsOf(id: string): Promise<string> {
  const format = '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}'
  return await engine.run(['inspect', '-f', format, id])
}

describe.skipIf(!canRunDocker)('an agent’s container', () => {
  test('is kept with all that is in it, and has the limits of today', async () => {
    const stage = dockerStage(engine, { agent: 'agent_1' })
    const first = await stage.start(['/bin/sh', '-c', 'echo kept >/note'], {
      limits: { memoryBytes: 64 * mebibyte },
    })
    await stage.ended(first.run)
    await stage.runtime.destroy(first.run, first.handle, stage.signal)
    const second = await stage.start(['/bin/sh', '-c', 'cat /note; exec cat'], {
      limits: { memoryBytes: 96 * mebibyte, pids: 20 },
    })
    await stage.said(second.run, 'kept\n')
    expect(idOf(second.handle)).toBe(idOf(first.handle))
    const [memory, pids] = (await limitsOf(idOf(second.handle))).split(' ').map(Number)
    expect(memory).toBe(96 * mebibyte)
    expect(pids).toBeGreaterThanOrEqual(20)
    await end(stage, second)
    const third = await stage.start(stage.case.limits!.programs.allocate(200 * mebibyte))
    await stage.said(third.run, 'ready\n')
    expect(idOf(third.handle)).toBe(idOf(first.handle))
  })

  test('is another one when it is to be made of something else, and that is told', async () => {
    const wish: ContainerWish = {}
    const stage = dockerStage(engine, { agent: 'agent_1', container: wish })
    const first = await stage.start(['/bin/sh', '-c', 'echo gone >/note'])
    await stage.ended(first.run)
    await stage.runtime.destroy(first.run, first.handle, stage.signal)
    Object.assign(wish, { tmpfs: ['/scratch'] })
    const run = stage.prepare()
    const told: string[] = []
    const launch = {
      run,
      argv: ['/bin/sh', '-c', 'ls -d /note /scratch 2>/dev/null; exec cat'] as const,
      env: { PATH: '/usr/bin:/bin' },
      cwd: stage.folder,
      box: stage.case.boxOf!(run, stage.folder),
    }
    const handle = await stage.runtime.start(launch, stage.signal, (text) => told.push(text))
    await stage.said(run, '/scratch\n')
    expect(idOf(handle)).not.toBe(idOf(first.handle))
    expect(told).toEqual([
      'its container is made anew, as it is to be another: what was installed in it is gone',
    ])
    expect(await stage.runtime.listKept!(stage.instance, stage.signal)).toHaveLength(1)
  })
})

describe.skipIf(!canRunDocker)('a start', () => {
  test('that is tried again begins nothing twice', async () => {
    const stage = dockerStage(engine, { agent: 'agent_1' })
    const first = await stage.start(['/bin/sh', '-c', 'echo begun; exec cat'])
    await stage.said(first.run, 'begun\n')
    const again = await stage.start(['/bin/sh', '-c', 'echo begun; exec cat'], { run: first.run })
    expect(again.handle).toEqual(first.handle)
    stage.write(first.run, 'once\n')
    await stage.said(first.run, 'begun\nonce\n')
  })

  test('whose daemon died once its container was made is over, and the next takes that container', async () => {
    const stage = dockerStage(engine, { agent: 'agent_1' })
    const dying = new DockerRuntime({
      env: { DOCKER_HOST: engine.host },
      usedFile: path.join(engine.folder, 'used'),
      onMade: () => {
        throw new Error('died')
      },
    })
    const run = stage.prepare()
    const launch = {
      run,
      argv: ['/bin/cat'] as const,
      env: { PATH: '/usr/bin:/bin' },
      cwd: stage.folder,
      box: stage.case.boxOf!(run, stage.folder),
    }
    await expect(dying.start(launch, stage.signal)).rejects.toThrow('died')
    dying.close()
    expect(await stage.recover(run, null)).toMatchObject({ state: 'lost', isUnstarted: true })
    await stage.runtime.destroy(run, null, stage.signal)
    const made = await engine.run(['inspect', '-f', '{{.Id}}', 'drover-agent_1'])
    const next = await stage.start(stage.case.programs.copy)
    expect(idOf(next.handle)).toBe(made)
    stage.write(next.run, 'x\n')
    await stage.said(next.run, 'x\n')
    expect(stage.output(run)).toBe('')
  })
})

describe.runIf(canRunDocker && canMount)('a full disk', () => {
  test('of the engine is told as that, leaves nothing, and room lets the next start work', async () => {
    const disk = mountSmallDisk(96 * mebibyte)
    onTestFinished(() => disk[Symbol.dispose]())
    const data = path.join(disk.path, 'data')
    const small = await DockerEngine.start({ args: [...noNetwork, '--data-root', data] })
    onTestFinished(async () => await small[Symbol.asyncDispose]())
    await small.run(['import', await smallImageTar(), 'drover-test'])
    const stage = dockerStage(small, { agent: 'agent_1' })
    disk.fill()
    const run = stage.prepare()
    await expect(stage.start(stage.case.programs.copy, { run })).rejects.toMatchObject({
      code: 'disk_full',
      cause: { code: 'ENOSPC' },
    })
    expect(await stage.recover(run, null)).toMatchObject({ state: 'lost', isUnstarted: true })
    disk.free()
    const next = await stage.start(stage.case.programs.copy)
    stage.write(next.run, 'room\n')
    await stage.said(next.run, 'room\n')
  })

  test('of the runs is told as that, and room lets the next start work', async () => {
    const stage = dockerStage(engine, { agent: 'agent_1' })
    using disk = mountSmallDisk(4 * mebibyte)
    const runs = path.join(disk.path, 'runs')
    const run = stage.prepare(stage.instance, runs)
    disk.fill()
    await expect(stage.start(stage.case.programs.copy, { run })).rejects.toMatchObject({
      code: 'ENOSPC',
    })
    expect(await stage.living(run)).toEqual([])
    disk.free()
    expect(await stage.recover(run, null)).toMatchObject({ state: 'lost', isUnstarted: true })
    const next = await stage.start(stage.case.programs.copy, {
      run: stage.prepare(stage.instance, runs),
    })
    stage.write(next.run, 'room\n')
    await stage.said(next.run, 'room\n')
    await end(stage, next)
  })
})
