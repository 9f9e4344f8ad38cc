import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Handle } from '../../src/runtimes/contract.ts'
import { parseHandle } from '../../src/runtimes/docker/handle.ts'
import { canRunDocker, DockerEngine } from '../support/docker-engine.ts'
import { smallImageTar } from '../support/docker-images.ts'
import { dockerStage } from './docker-case.ts'
import type { RuntimeStage } from './runtime-stage.ts'

let engine: DockerEngine
beforeAll(async () => {
  engine = await DockerEngine.start()
  await engine.run(['import', await smallImageTar(), 'drover-test'])
}, 120_000)
afterAll(async () => await engine?.[Symbol.asyncDispose](), 60_000)

const idOf = (handle: Handle): string => parseHandle(handle).container
const catchTerm = [
  '/bin/sh',
  '-c',
  `trap 'echo bye; exit 3' TERM; echo ready; read -r line`,
] as const

async function idsOf(stage: RuntimeStage): Promise<string[]> {
  const label = `label=drover.instance=${stage.instance}`
  const ids = await engine.run(['ps', '-aq', '--no-trunc', '--filter', label])
  return ids.split('\n').filter(Boolean)
}

describe.skipIf(!canRunDocker)('a container that somebody else', () => {
  test('stops ends its program gently, and how it ended is on record', async () => {
    const stage = dockerStage(engine)
    const { run, handle } = await stage.start(catchTerm)
    await stage.said(run, 'ready\n')
    await engine.run(['stop', idOf(handle)])
    await stage.dead(handle)
    expect(await stage.recover(run, handle)).toEqual({
      state: 'exited',
      exit: { code: 3, signal: null },
    })
    expect(stage.output(run)).toBe('ready\nbye\n')
  })

  test('kills is lost, and that is said', async () => {
    const stage = dockerStage(engine)
    const { run, handle } = await stage.start(stage.case.programs.copy)
    await engine.run(['kill', idOf(handle)])
    await stage.dead(handle)
    expect(await stage.recover(run, handle)).toMatchObject({
      state: 'lost',
      cause: 'its container was killed and left no record',
    })
  })

  test('removes is lost, and the next run has a new one', async () => {
    const stage = dockerStage(engine, { agent: 'agent_1' })
    const { run, handle } = await stage.start(stage.case.programs.copy)
    await engine.run(['rm', '-f', idOf(handle)])
    await stage.dead(handle)
    expect(await stage.recover(run, handle)).toMatchObject({
      state: 'lost',
      cause: 'its container was removed',
    })
    await stage.runtime.destroy(run, handle, stage.signal)
    const next = await stage.start(stage.case.programs.copy)
    stage.write(next.run, 'again\n')
    await stage.said(next.run, 'again\n')
    expect(idOf(next.handle)).not.toBe(idOf(handle))
  })

  test('starts anew does not begin its run again, and the ending is the first one', async () => {
    const stage = dockerStage(engine)
    const { run, handle } = await stage.start(catchTerm)
    await stage.said(run, 'ready\n')
    await engine.run(['restart', idOf(handle)])
    await stage.dead(handle)
    expect((await stage.recover(run, handle)).state).toBe('exited')
    await engine.run(['wait', idOf(handle)])
    expect(stage.output(run)).toBe('ready\nbye\n')
  })

  test('starts while it is at rest begins nothing, and the next run is none the worse', async () => {
    const stage = dockerStage(engine, { agent: 'agent_1' })
    const first = await stage.start(stage.case.programs.copy)
    await stage.stop(first)
    await stage.runtime.destroy(first.run, first.handle, stage.signal)
    await engine.run(['start', idOf(first.handle)])
    const next = await stage.start(stage.case.programs.copy)
    stage.write(next.run, 'again\n')
    await stage.said(next.run, 'again\n')
    expect(stage.output(first.run)).toBe('')
  })

  test('pauses lives, hears what it was told when it goes on, and can be stopped', async () => {
    const stage = dockerStage(engine)
    const started = await stage.start(stage.case.programs.copy)
    const id = idOf(started.handle)
    await engine.run(['pause', id])
    stage.write(started.run, 'one\n')
    expect(await stage.runtime.inspect(started.handle, stage.signal)).toBe('alive')
    await engine.run(['unpause', id])
    await stage.said(started.run, 'one\n')
    await engine.run(['pause', id])
    await stage.stop(started)
    await stage.dead(started.handle)
    expect((await stage.recover(started.run, started.handle)).state).toBe('exited')
  })

  test('renames is still its agent’s, in this run and the next, and goes with it', async () => {
    const stage = dockerStage(engine, { agent: 'agent_1' })
    const first = await stage.start(stage.case.programs.copy)
    await engine.run(['rename', idOf(first.handle), 'mine'])
    expect(await stage.living(first.run)).toEqual(['container mine'])
    await stage.stop(first)
    await stage.runtime.destroy(first.run, first.handle, stage.signal)
    expect(await stage.runtime.listKept!(stage.instance, stage.signal)).toEqual([
      { agent: 'agent_1', what: 'container mine' },
    ])
    const next = await stage.start(stage.case.programs.copy)
    expect(idOf(next.handle)).toBe(idOf(first.handle))
    await stage.stop(next)
    const { agent } = stage.case.boxOf!(first.run, stage.folder)
    await stage.runtime.forget!(agent, stage.signal)
    expect(await idsOf(stage)).toEqual([])
  })
})

describe.skipIf(!canRunDocker)('a container of somebody else', () => {
  test('with an agent’s name is left alone, and the start says what is in the way', async () => {
    const stage = dockerStage(engine, { agent: 'agent_1' })
    const id = await engine.run(['create', '--name', 'drover-agent_1', 'drover-test', '/bin/true'])
    const run = stage.prepare()
    await expect(stage.start(stage.case.programs.copy, { run })).rejects.toMatchObject({
      code: 'start_failed',
      message: expect.stringMatching(/drover-agent_1.*somebody else's/),
    })
    expect(await stage.recover(run, null)).toMatchObject({ state: 'lost', isUnstarted: true })
    await stage.runtime.forget!(stage.case.boxOf!(run, stage.folder).agent, stage.signal)
    expect(await engine.run(['inspect', '-f', '{{.Id}}', 'drover-agent_1'])).toBe(id)
    await engine.run(['rm', id])
    const later = await stage.start(stage.case.programs.copy)
    await stage.stop(later)
  })

  test('that was made from an agent’s and has its labels is never touched', async () => {
    const stage = dockerStage(engine, { agent: 'agent_1' })
    const first = await stage.start(stage.case.programs.copy)
    await engine.run(['commit', idOf(first.handle), 'copied'])
    const twin = await engine.run([
      'run',
      '-d',
      '--name',
      'twin',
      '--entrypoint',
      '/bin/sleep',
      'copied',
      '1000',
    ])
    expect(await idsOf(stage)).toContain(twin)
    expect(await stage.runtime.list(stage.instance, stage.signal)).toHaveLength(1)
    expect(await stage.runtime.listKept!(stage.instance, stage.signal)).toHaveLength(1)
    await stage.stop(first)
    await stage.runtime.destroy(first.run, first.handle, stage.signal)
    const { agent } = stage.case.boxOf!(first.run, stage.folder)
    await stage.runtime.forget!(agent, stage.signal)
    expect(await idsOf(stage)).toEqual([twin])
    expect(await engine.run(['inspect', '-f', '{{.State.Running}}', twin])).toBe('true')
    await engine.run(['rm', '-f', twin])
  })

  test('of another home is of no concern', async () => {
    const mine = dockerStage(engine)
    const theirs = dockerStage(engine)
    const one = await mine.start(mine.case.programs.copy)
    const two = await theirs.start(theirs.case.programs.copy)
    const what = async (stage: RuntimeStage): Promise<string[]> => [
      ...(await stage.runtime.list(stage.instance, stage.signal)).map(({ run }) => run),
      ...(await stage.runtime.listKept!(stage.instance, stage.signal)).map(({ agent }) => agent),
    ]
    expect(await what(mine)).toEqual([one.run.id, one.run.id.replace('run', 'agent')])
    expect(await what(theirs)).toEqual([two.run.id, two.run.id.replace('run', 'agent')])
    const { agent } = theirs.case.boxOf!(two.run, theirs.folder)
    await mine.runtime.forget!({ ...agent, instance: mine.instance }, mine.signal)
    expect(await theirs.runtime.inspect(two.handle, theirs.signal)).toBe('alive')
  })
})
