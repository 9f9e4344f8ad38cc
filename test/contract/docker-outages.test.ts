import { connect, createServer, type Socket } from 'node:net'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseHandle } from '../../src/runtimes/docker/handle.ts'
import { appendAt, readExit, runFiles } from '../../src/runtimes/run-folder.ts'
import { fileSize } from '../../src/util/file-size.ts'
import { DockerEngine, noNetwork } from '../support/docker-engine.ts'
import { smallImageTar } from '../support/docker-images.ts'
import { dockerStage } from './docker-case.ts'
import type { RuntimeStage, StartedRun } from './runtime-stage.ts'

async function startEngine(...args: string[]): Promise<DockerEngine> {
  const engine = await DockerEngine.start({ args: [...noNetwork, ...args] })
  onTestFinished(async () => await engine[Symbol.asyncDispose]())
  await engine.run(['import', await smallImageTar(), 'drover-test'])
  return engine
}

const catchTerm = [
  '/bin/sh',
  '-c',
  `trap 'echo bye; exit 3' TERM; echo ready; read -r line`,
] as const

/** Resolves once the runtime says so of the run. */
async function untilIt(
  stage: RuntimeStage,
  { handle }: StartedRun,
  liveness: 'alive' | 'dead' | 'unknown',
): Promise<void> {
  const look = async (): Promise<boolean> =>
    (await stage.runtime.inspect(handle, stage.signal)) === liveness
  await stage.until(liveness, look)
}

describe('an engine that is killed', () => {
  test('and keeps its containers takes nothing away: what is said meanwhile is there', async () => {
    const engine = await startEngine('--live-restore')
    const stage = dockerStage(engine)
    const started = await stage.start(stage.case.programs.copy)
    const ending = await stage.start(stage.case.programs.copy)
    await engine.stop()
    await untilIt(stage, started, 'unknown')
    await expect(stage.recover(started.run, started.handle)).rejects.toMatchObject({
      code: 'engine_unreachable',
    })
    stage.write(started.run, 'alone\n')
    await stage.said(started.run, 'alone\n')
    stage.runtime.closeInput(ending.run)
    expect(await stage.ended(ending.run)).toEqual({ code: 0, signal: null })
    expect((await stage.recover(ending.run, ending.handle)).state).toBe('exited')
    await engine.startAgain()
    await untilIt(stage, started, 'alive')
    await untilIt(stage, ending, 'dead')
    expect(await stage.recover(started.run, started.handle)).toEqual({
      state: 'running',
      handle: started.handle,
    })
    stage.write(started.run, 'again\n')
    await stage.said(started.run, 'alone\nagain\n')
    await stage.stop(started)
    expect(await stage.living(started.run)).toEqual([])
  })

  test('and ends what it had when it comes back: the ending is told as it was', async () => {
    const engine = await startEngine()
    const stage = dockerStage(engine)
    const gentle = await stage.start(catchTerm)
    await stage.said(gentle.run, 'ready\n')
    await engine.stop()
    await untilIt(stage, gentle, 'unknown')
    await engine.startAgain()
    await stage.dead(gentle.handle)
    expect(await stage.recover(gentle.run, gentle.handle)).toEqual({
      state: 'exited',
      exit: { code: 3, signal: null },
    })
    const next = await stage.start(stage.case.programs.copy)
    stage.write(next.run, 'again\n')
    await stage.said(next.run, 'again\n')
  })

  test('under a stop leaves the run to be stopped later', async () => {
    const engine = await startEngine('--live-restore')
    const stage = dockerStage(engine)
    const started = await stage.start(stage.case.programs.copy)
    await engine.stop()
    await untilIt(stage, started, 'unknown')
    await expect(stage.stop(started)).rejects.toMatchObject({ code: 'engine_unreachable' })
    await expect(
      stage.runtime.destroy(started.run, started.handle, stage.signal),
    ).rejects.toMatchObject({ code: 'engine_unreachable' })
    await engine.startAgain()
    await stage.stop(started)
    await stage.dead(started.handle)
  })

  test('under a start leaves nothing that runs, and the next start works', async () => {
    const engine = await startEngine('--live-restore')
    const stage = dockerStage(engine, { agent: 'agent_1' })
    const first = await stage.start(stage.case.programs.copy)
    await stage.stop(first)
    await engine.stop()
    await untilIt(stage, first, 'unknown')
    const run = stage.prepare()
    await expect(stage.start(stage.case.programs.copy, { run })).rejects.toMatchObject({
      code: 'engine_unreachable',
    })
    expect(await stage.recover(run, null)).toMatchObject({ state: 'lost', isUnstarted: true })
    await engine.startAgain()
    const next = await stage.start(stage.case.programs.copy)
    stage.write(next.run, 'again\n')
    await stage.said(next.run, 'again\n')
  })
})

test('an engine that goes down in good order ends its runs, and that it did is the cause', async () => {
  const engine = await startEngine()
  const stage = dockerStage(engine)
  const started = await stage.start(stage.case.programs.copy)
  await engine.stop('SIGTERM')
  const exit = await stage.ended(started.run)
  expect(exit).toEqual({ code: null, signal: 'SIGTERM' })
  expect(stage.runtime.explainExit!(started.run, exit)).toBe(
    'ended by SIGTERM, while its engine was down or went down',
  )
  await engine.startAgain()
  await stage.dead(started.handle)
})

test('an engine that hangs holds nobody longer than they wait, nothing is destroyed, and it can come back', async () => {
  const engine = await startEngine()
  const stage = dockerStage(engine)
  const started = await stage.start(stage.case.programs.copy)
  process.kill(engine.pid, 'SIGSTOP')
  try {
    const next = stage.case.createRuntime()
    const soon = (): AbortSignal => AbortSignal.timeout(300)
    const { run, handle } = started
    expect(await next.inspect(handle, soon())).toBe('unknown')
    await expect(next.recover(run, handle, soon())).rejects.toThrow()
    await expect(next.probe(soon())).rejects.toThrow()
    await expect(next.list(run.instance, soon())).rejects.toThrow()
    const stop = { askMs: 0, graceMs: 1000, signal: soon() }
    await expect(stage.runtime.stop(run, handle, stop)).rejects.toThrow()
    stage.write(run, 'alone\n')
    await stage.said(run, 'alone\n')
    next.close?.()
  } finally {
    process.kill(engine.pid, 'SIGCONT')
  }
  await untilIt(stage, started, 'alive')
  await stage.stop(started)
  await stage.dead(started.handle)
})

/** A socket in front of the engine's whose connections can be cut. */
async function startProxy(engine: DockerEngine): Promise<{ host: string; cut: () => void }> {
  const socket = path.join(engine.folder, 'proxy')
  const target = engine.host.slice('unix://'.length)
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(target)
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one)
      one.pipe(other)
      one.on('error', () => {})
      one.on('close', () => {
        open.delete(one)
        other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  onTestFinished(() => {
    open.forEach((each) => each.destroy())
    server.close()
  })
  return { host: `unix://${socket}`, cut: () => open.forEach((each) => each.destroy()) }
}

test('events that break off alone are followed again, and what was missed is seen', async () => {
  const engine = await startEngine()
  const { host, cut } = await startProxy(engine)
  const stage = dockerStage(engine, { host })
  const started = await stage.start(stage.case.programs.copy)
  const killed = await stage.start(stage.case.programs.copy)
  cut()
  await engine.run(['kill', parseHandle(killed.handle).container])
  await stage.dead(killed.handle)
  expect(await stage.runtime.inspect(started.handle, stage.signal)).toBe('alive')
  cut()
  await stage.stop(started)
  await stage.dead(started.handle)
  expect(readExit(started.run.folder)).toEqual({ code: null, signal: 'SIGTERM' })
})

test('a run whose memory ran out while no daemon was there is told from one that somebody killed', async () => {
  const engine = await startEngine()
  const stage = dockerStage(engine)
  const limits = { memoryBytes: 64 * 1024 * 1024 }
  const { allocate } = stage.case.limits!.programs
  const wait = ['/bin/sh', '-c', 'read -r line; exec "$@"', 'sh'] as const
  const greedy = await stage.start([...wait, ...allocate(200 * 1024 * 1024)], { limits })
  const killed = await stage.start(['/bin/sh', '-c', 'echo $$; read -r line'], { limits })
  await stage.until('its pid', () => stage.output(killed.run).endsWith('\n'))
  stage.runtime.close?.()
  const { in: input } = runFiles(greedy.run.folder)
  appendAt(input, fileSize(input), Buffer.from('go\n'))
  stage.case.createRuntime().notifyInput(greedy.run, 3)
  const container = parseHandle(killed.handle).container
  await engine.run(['exec', container, '/bin/sh', '-c', `kill -9 ${stage.output(killed.run)}`])
  await stage.ended(greedy.run)
  await stage.ended(killed.run)
  const next = stage.case.createRuntime()
  for (const { run, handle } of [greedy, killed]) {
    expect(await next.recover(run, handle, stage.signal)).toEqual({
      state: 'exited',
      exit: { code: null, signal: 'SIGKILL' },
    })
  }
  const killedExit = { code: null, signal: 'SIGKILL' }
  expect(next.explainExit!(greedy.run, killedExit)).toMatch(/^out of memory/)
  expect(next.explainExit!(killed.run, killedExit)).toBeNull()
})
