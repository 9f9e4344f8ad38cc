import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { punchHole } from '../../src/daemon/punch-hole.ts'
import { runFiles } from '../../src/runtimes/run-folder.ts'
import { innerFolder } from '../../src/runtimes/docker/inside/notes.ts'
import type { InsideHandle } from '../../src/runtimes/docker/inside/handle.ts'
import type { Launch } from '../../src/runtimes/contract.ts'
import { fileSize } from '../../src/util/file-size.ts'
import { EngineDoor } from '../support/engine-door.ts'
import { canRunDocker, DockerEngine, noNetwork } from '../support/docker-engine.ts'
import { importSmallImage } from '../support/docker-images.ts'
import { spawnCourier } from './courier-process.ts'
import { insideStage, runProject } from './inside-case.ts'
import type { RuntimeStage, StartedRun } from './runtime-stage.ts'

let engine: DockerEngine
beforeAll(async () => {
  engine = await DockerEngine.start({ args: [...noNetwork, '--live-restore'] })
  await runProject(engine, { name: 'project', image: await importSmallImage(engine) })
}, 120_000)
afterAll(async () => await engine?.[Symbol.asyncDispose](), 60_000)

const last = 40_000

/** Counts to the end in a second or so, on both of its outputs; then gives its input back. */
const counting = [
  '/bin/sh',
  '-c',
  `i=0; while [ "$i" -lt ${last} ]; do i=$((i + 1)); echo "line $i"; [ $((i % 10)) = 0 ] && echo "note $i" >&2; [ $((i % 1000)) = 0 ] && sleep 0.04; done; exec cat`,
] as const

const lines = (word: string, step: number): string =>
  Array.from({ length: last / step }, (_, index) => `${word} ${(index + 1) * step}\n`).join('')

/** All that was said is there, each byte once, and it still listens. */
async function isWhole(stage: RuntimeStage, { run }: StartedRun): Promise<void> {
  const text = lines('line', 1)
  await stage.said(run, `${text}one\ntwo\n`)
  const { err } = runFiles(run.folder)
  await stage.until('all complaints', () => fileSize(err) >= lines('note', 10).length)
  expect(readFileSync(err, 'utf8') === lines('note', 10)).toBe(true)
}

async function hasBegun(stage: RuntimeStage, { run }: StartedRun): Promise<void> {
  await stage.until('its first words', () => fileSize(runFiles(run.folder).out) > 0)
}

describe.skipIf(!canRunDocker)(
  'a run inside a container, byte for byte',
  { timeout: 90_000 },
  () => {
    test('is whole though every connection to its engine is cut again and again', async () => {
      const door = await EngineDoor.open(engine.host)
      onTestFinished(async () => await door[Symbol.asyncDispose]())
      const stage = insideStage(engine, { host: door.host })
      const started = await stage.start(counting)
      await hasBegun(stage, started)
      stage.write(started.run, 'one\n')
      for (let round = 0; round < 5; round++) {
        await door.cut(30)
        await stage.until('the next words', () => door.visits > 0)
      }
      stage.write(started.run, 'two\n')
      await isWhole(stage, started)
      expect(await stage.runtime.inspect(started.handle, stage.signal)).toBe('alive')
    })

    test('is whole though the process that carried it is killed in the middle', async () => {
      const stage = insideStage(engine)
      const run = stage.prepare()
      const box = stage.case.boxOf?.(run, stage.folder)
      const launch = { run, argv: counting, env: { PATH: '/usr/bin:/bin' }, cwd: stage.folder, box }
      const daemon = await spawnCourier(engine, launch as Launch)
      const started = { run, handle: daemon.handle }
      await hasBegun(stage, started)
      await daemon.kill()
      const kept = fileSize(runFiles(run.folder).out)
      expect(await stage.recover(run, daemon.handle)).toEqual({
        state: 'running',
        handle: daemon.handle,
      })
      stage.write(run, 'one\n')
      stage.write(run, 'two\n')
      await isWhole(stage, started)
      expect(kept).toBeGreaterThan(0)
      expect(kept).toBeLessThan(lines('line', 1).length)
      await stage.stop(started)
    })

    test('is whole though its engine is killed and comes back', async () => {
      const stage = insideStage(engine)
      const started = await stage.start(counting)
      await hasBegun(stage, started)
      await engine.stop('SIGKILL')
      stage.write(started.run, 'one\n')
      expect(await stage.runtime.inspect(started.handle, stage.signal)).toBe('unknown')
      const next = stage.case.createRuntime()
      expect(await next.recover(started.run, started.handle, stage.signal)).toMatchObject({
        state: 'unknown',
      })
      await engine.startAgain()
      stage.write(started.run, 'two\n')
      await isWhole(stage, started)
      expect(await stage.recover(started.run, started.handle)).toEqual({
        state: 'running',
        handle: started.handle,
      })
    })

    test('waits where somebody pauses the container, and loses nothing', async () => {
      const stage = insideStage(engine)
      const started = await stage.start(counting)
      await hasBegun(stage, started)
      await engine.run(['pause', 'project'])
      stage.write(started.run, 'one\n')
      const next = stage.case.createRuntime()
      expect(await stage.runtime.inspect(started.handle, stage.signal)).toBe('alive')
      expect(await next.recover(started.run, started.handle, stage.signal)).toMatchObject({
        state: 'running',
      })
      await engine.run(['unpause', 'project'])
      stage.write(started.run, 'two\n')
      await isWhole(stage, started)
    })

    test('goes on at its place though the beginning of what it said was given up', async () => {
      const door = await EngineDoor.open(engine.host)
      onTestFinished(async () => await door[Symbol.asyncDispose]())
      const stage = insideStage(engine, { host: door.host })
      const started = await stage.start(stage.case.programs.copy)
      const much = `${'x'.repeat(20_000)}\n`
      stage.write(started.run, much)
      await stage.said(started.run, much)
      const { out } = runFiles(started.run.folder)
      await punchHole(out, 8192, stage.signal)
      await door.cut(30)
      stage.write(started.run, 'more\n')
      await stage.until('the rest', () => fileSize(out) === much.length + 5)
      expect(readFileSync(out, 'utf8').slice(8192)).toBe(`${much.slice(8192)}more\n`)
    })
  },
)

describe.skipIf(!canRunDocker)('a container that is not ours', { timeout: 90_000 }, () => {
  test('is left as it is when one of the agents in it is stopped', async () => {
    const stage = insideStage(engine)
    await engine.run(['exec', '-d', 'project', 'sh', '-c', 'echo $$ >/tmp/theirs; exec sleep 5000'])
    const one = await stage.start(stage.case.programs.family)
    const other = await stage.start(stage.case.programs.copy)
    await stage.said(one.run, 'ready\n')
    await stage.stop(one, { graceMs: 100 })
    await stage.runtime.destroy(one.run, one.handle, stage.signal)
    stage.write(other.run, 'still here\n')
    await stage.said(other.run, 'still here\n')
    await engine.run(['exec', 'project', 'sh', '-c', 'kill -0 "$(cat /tmp/theirs)"'])
  })

  test('takes its agents along when it is started anew, and what they said is kept', async () => {
    const stage = insideStage(engine)
    await runProject(engine, { name: 'restarted', image: 'drover-test-small' })
    const restarted = insideStage(engine, { container: { name: 'restarted' } })
    const lives = await restarted.start(restarted.case.programs.copy)
    restarted.write(lives.run, 'hello\n')
    await restarted.said(lives.run, 'hello\n')
    const ends = await restarted.start(['/bin/sh', '-c', 'echo bye; read -r line; exit 3'])
    await restarted.said(ends.run, 'bye\n')
    // Nobody carries while it ends.
    restarted.runtime.close?.()
    const input = innerFolder(ends.run)
    await engine.run([
      'exec',
      'restarted',
      'sh',
      '-c',
      `echo >>${input}/in; echo c 1<>${input}/bell`,
    ])
    await engine.run([
      'exec',
      'restarted',
      'sh',
      '-c',
      `until [ -s ${input}/exit ]; do sleep 0.05; done`,
    ])
    await engine.run(['stop', '-t', '0', 'restarted'])
    const next = restarted.case.createRuntime()
    expect(await next.inspect(lives.handle, stage.signal)).toBe('dead')
    expect(await next.recover(ends.run, ends.handle, stage.signal)).toEqual({
      state: 'exited',
      exit: { code: 3, signal: null },
    })
    expect(await next.recover(lives.run, lives.handle, stage.signal)).toEqual({
      state: 'lost',
      cause: 'its container was stopped',
    })
    await engine.run(['start', 'restarted'])
    const later = restarted.case.createRuntime()
    expect(await later.recover(lives.run, lives.handle, stage.signal)).toEqual({
      state: 'lost',
      cause: 'its container was started anew',
    })
    expect(await restarted.living(lives.run)).toEqual([])
    await engine.run(['rm', '-f', 'restarted'])
    const final = restarted.case.createRuntime()
    expect(await final.recover(lives.run, lives.handle, stage.signal)).toEqual({
      state: 'lost',
      cause: 'its container was removed',
    })
  })

  test('gives each run a session of its own, whose first process the engine itself waits for', async () => {
    const stage = insideStage(engine)
    const { run, handle } = await stage.start(stage.case.programs.copy)
    stage.write(run, 'hello\n')
    await stage.said(run, 'hello\n')
    const { pid } = handle as unknown as InsideHandle
    const stat = await engine.run(['exec', 'project', 'cat', `/proc/${pid}/stat`])
    const [parent, , session] = stat.split(') ')[1]?.split(' ').slice(1) ?? []
    expect({ parent, session }).toEqual({ parent: '0', session: String(pid) })
  })
})
