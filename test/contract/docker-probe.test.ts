import { mkdirSync, symlinkSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Probe } from '../../src/runtimes/contract.ts'
import { DockerRuntime } from '../../src/runtimes/docker/index.ts'
import { canRunDocker, DockerEngine } from '../support/docker-engine.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { dockerStage } from './docker-case.ts'

let engine: DockerEngine
beforeAll(async () => {
  engine = await DockerEngine.start()
}, 120_000)
afterAll(async () => await engine?.[Symbol.asyncDispose](), 60_000)

async function probe(env: Record<string, string>): Promise<Probe> {
  const runtime = new DockerRuntime({ env, usedFile: path.join(engine.folder, 'used') })
  onTestFinished(() => runtime.close())
  return await runtime.probe(AbortSignal.timeout(30_000))
}

/** A home folder of nobody's. */
function emptyHome(): string {
  const folder = temporaryFolder('drover-home-')
  onTestFinished(() => folder[Symbol.dispose]())
  return folder.path
}

test.skipIf(!canRunDocker)(
  'an engine that is there is told with its version, its storage and what it can limit',
  async () => {
    expect(await probe({ DOCKER_HOST: engine.host })).toEqual({
      usable: true,
      detail: expect.stringMatching(/^Docker \d+\.\d+.*; cgroup v[12]; \w+; limits: .*memory/),
      hint: null,
    })
  },
)

test.skipIf(!canRunDocker)(
  'an engine at the socket of a user without rights is found there',
  async () => {
    const home = emptyHome()
    mkdirSync(path.join(home, 'run'))
    symlinkSync(engine.host.slice('unix://'.length), path.join(home, 'run', 'docker.sock'))
    const env = { HOME: home, XDG_RUNTIME_DIR: path.join(home, 'run') }
    expect(await probe(env)).toMatchObject({ usable: true })
  },
)

test.skipIf(!canRunDocker)(
  'that there is none says where one was looked for, and what to do',
  async () => {
    const { usable, detail, hint } = await probe({ DOCKER_HOST: 'unix:///nowhere/docker.sock' })
    expect(usable).toBe(false)
    expect(detail).toContain('unix:///nowhere/docker.sock')
    expect(hint).toMatch(/Start Docker or Podman/)
  },
)

test.skipIf(!canRunDocker)(
  'one that went is told as that by a runtime that had it, and found again',
  async () => {
    const own = await DockerEngine.start()
    onTestFinished(async () => await own[Symbol.asyncDispose]())
    const runtime = new DockerRuntime({
      env: { DOCKER_HOST: own.host },
      usedFile: path.join(own.folder, 'used'),
    })
    onTestFinished(() => runtime.close())
    const look = async (): Promise<Probe> => await runtime.probe(AbortSignal.timeout(30_000))
    expect((await look()).usable).toBe(true)
    await own.stop()
    expect(await look()).toMatchObject({
      usable: false,
      detail: expect.stringContaining('could not be asked'),
    })
    await own.startAgain()
    expect((await look()).usable).toBe(true)
  },
)

test.skipIf(!canRunDocker)(
  'one that is reached over the network can not be used, and a start on it says so',
  async () => {
    const proxy = createServer((client) => {
      const upstream = connect(engine.host.slice('unix://'.length))
      client.pipe(upstream).pipe(client)
      client.on('error', () => upstream.destroy())
      upstream.on('error', () => client.destroy())
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void proxy.close())
    const host = `tcp://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    expect(await probe({ DOCKER_HOST: host })).toMatchObject({
      usable: false,
      detail: expect.stringMatching(`^The engine at ${host} is on another machine`),
    })
    const stage = dockerStage(engine, { host })
    const run = stage.prepare()
    await expect(stage.start(stage.case.programs.copy, { run })).rejects.toMatchObject({
      code: 'engine_unfit',
    })
    expect(await stage.recover(run, null)).toMatchObject({ state: 'lost', isUnstarted: true })
  },
)
