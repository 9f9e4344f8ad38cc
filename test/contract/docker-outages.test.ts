import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseHandle } from '../../src/runtimes/docker/handle.ts'
import { readExit } from '../../src/runtimes/run-folder.ts'
import { findMarkedProcesses } from '../../src/util/process-identity.ts'
import { canRunDocker, DockerEngine, noNetwork } from '../support/docker-engine.ts'
import { smallImageTar } from '../support/docker-images.ts'
import { startEngineProxy } from '../support/engine-proxy.ts'
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

describe.skipIf(!canRunDocker)('an engine that is killed', () => {
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

const never = '0001-01-01T00:00:00Z'
const before = '2020-01-01T00:00:00.123456789Z'

test.skipIf(!canRunDocker).each([
  ['in the first start', { StartedAt: never, FinishedAt: never }],
  ['in a later start', { StartedAt: before, FinishedAt: before, ExitCode: 70, OOMKilled: true }],
])(
  'an engine that was killed %s, and knows nothing of its program, keeps none of it alive',
  async (_, noted) => {
    const engine = await startEngine('--live-restore')
    const stage = dockerStage(engine, { agent: 'agent_1' })
    const first = await stage.start([
      '/bin/sh',
      '-c',
      'trap "" TERM; echo up; while :; do read -r line; done',
    ])
    await stage.said(first.run, 'up\n')
    await engine.stop()
    // As it is where dockerd dies between the start and its own note of it.
    forgetStart(engine, parseHandle(first.handle).container, noted)
    await engine.startAgain()
    const marked = async (): Promise<unknown[]> =>
      await findMarkedProcesses(`DROVER_RUN=${first.run.id}\0`)
    expect(await marked()).not.toEqual([])
    expect(await stage.recover(first.run, null)).toEqual({
      state: 'lost',
      cause: 'its engine went down in its start, and knows nothing of it',
    })
    await stage.runtime.destroy(first.run, null, stage.signal)
    expect(await marked()).toEqual([])
    const next = await stage.start(stage.case.programs.copy)
    stage.write(next.run, 'again\n')
    await stage.said(next.run, 'again\n')
  },
)

/** The engine's own record of a container, as before a start. */
function forgetStart({ folder }: DockerEngine, container: string, noted: object): void {
  const file = path.join(folder, 'data/containers', container, 'config.v2.json')
  const config = JSON.parse(readFileSync(file, 'utf8')) as { State: object }
  Object.assign(config.State, { Running: false, Pid: 0, ...noted })
  writeFileSync(file, JSON.stringify(config))
}

test.skipIf(!canRunDocker)(
  'an engine that goes down in good order ends its runs, and that it did is the cause',
  async () => {
    const engine = await startEngine()
    const stage = dockerStage(engine)
    const started = await stage.start(stage.case.programs.copy)
    stage.write(started.run, 'up\n')
    await stage.said(started.run, 'up\n')
    await engine.stop('SIGTERM')
    const exit = await stage.ended(started.run)
    expect(exit).toEqual({ code: null, signal: 'SIGTERM' })
    expect(stage.runtime.explainExit!(started.run, exit)).toBe(
      'ended by SIGTERM, while its engine was down or went down',
    )
    await engine.startAgain()
    await stage.dead(started.handle)
  },
)

test.skipIf(!canRunDocker)(
  'an engine that hangs holds nobody longer than they wait, nothing is destroyed, and it can come back',
  async () => {
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
  },
)

test.skipIf(!canRunDocker)(
  'events that break off alone are followed again, and what was missed is seen',
  async () => {
    const engine = await startEngine()
    const { host, cut } = await startEngineProxy(engine)
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
  },
)

/** What the next daemon knows of runs that ended while none was there. */
async function endUnwatched(
  engine: DockerEngine,
  program: readonly [string, ...string[]],
  end: (stage: RuntimeStage, started: StartedRun) => Promise<void>,
): Promise<string | null> {
  const stage = dockerStage(engine)
  const started = await stage.start(program, { limits: { memoryBytes: 64 * 1024 * 1024 } })
  await stage.until('it to be up', () => stage.output(started.run).endsWith('\n'))
  await end(stage, started)
  const exit = await stage.ended(started.run)
  const next = stage.case.createRuntime()
  expect(await next.recover(started.run, started.handle, stage.signal)).toEqual({
    state: 'exited',
    exit,
  })
  const cause = next.explainExit!(started.run, exit)
  next.close?.()
  return cause ?? (exit.signal ? `ended by ${exit.signal}` : `exit code ${exit.code}`)
}

test.skipIf(!canRunDocker)(
  'a run that ended for want of memory while no daemon was there is told from one that somebody killed',
  async () => {
    const engine = await startEngine()
    const tell = async (stage: RuntimeStage, { run }: StartedRun): Promise<void> =>
      stage.write(run, 'go\n')
    const grow = ['/bin/sh', '-c', 'echo up; read -r a; while :; do a=$a$a; done'] as const
    expect(await endUnwatched(engine, grow, tell)).toBe(
      'out of memory: its container may have no more',
    )
    const child = 'echo up; read -r a; sh -c "a=x; while :; do a=\\$a\\$a; done"; exit 7'
    expect(await endUnwatched(engine, ['/bin/sh', '-c', child], tell)).toBe(
      'exit code 7, after the system ended something of it for want of memory',
    )
    const victim = ['/bin/sh', '-c', 'echo $$; read -r line'] as const
    const kill = async (stage: RuntimeStage, { run, handle }: StartedRun): Promise<void> => {
      const command = `kill -9 ${stage.output(run)}`
      await engine.run(['exec', parseHandle(handle).container, '/bin/sh', '-c', command])
    }
    expect(await endUnwatched(engine, victim, kill)).toBe('ended by SIGKILL')
  },
)
