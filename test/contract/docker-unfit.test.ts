import { statSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runFiles } from '../../src/runtimes/run-folder.ts'
import { canRunDocker, DockerEngine } from '../support/docker-engine.ts'
import { smallImageTar } from '../support/docker-images.ts'
import { dockerStage } from './docker-case.ts'

let engine: DockerEngine
beforeAll(async () => {
  engine = await DockerEngine.start()
  await engine.run(['import', await smallImageTar(), 'drover-test'])
}, 120_000)
afterAll(async () => await engine?.[Symbol.asyncDispose](), 60_000)

/** An image like `drover-test`, without these programs. */
async function importWithout(name: string, programs: readonly string[]): Promise<void> {
  const paths = programs.map((each) => `/usr/bin/${each}`)
  const id = await engine.run(['create', 'drover-test', '/usr/bin/rm', '-f', '--', ...paths])
  await engine.run(['start', '-a', id])
  await engine.run(['commit', id, name])
  await engine.run(['rm', id])
}

describe.skipIf(!canRunDocker)('an image', () => {
  test('without sh is refused by name, and the run never began', async () => {
    await importWithout('no-sh', ['sh', 'dash'])
    const stage = dockerStage(engine, { container: { image: 'no-sh' } })
    const run = stage.prepare()
    await expect(stage.start(stage.case.programs.copy, { run })).rejects.toMatchObject({
      code: 'unsupported',
      message: 'container.image: no-sh has no /bin/sh, which Drover needs there.',
    })
    expect(await stage.recover(run, null)).toMatchObject({ state: 'lost', isUnstarted: true })
  })

  test.for(['cat', 'mkfifo'])(
    'without %s ends at once, and says which programs it takes',
    async (program) => {
      await importWithout(`no-${program}`, [program])
      const stage = dockerStage(engine, { container: { image: `no-${program}` } })
      const { run, handle } = await stage.start(stage.case.programs.copy)
      await stage.dead(handle)
      expect(await stage.recover(run, handle)).toEqual({
        state: 'lost',
        isUnstarted: true,
        isRefused: true,
        cause: expect.stringMatching(/^its image lacks one of the programs .*: sh, cat, mkfifo\b/),
      })
    },
  )

  test('without id, rm, tail, setsid and ps is good enough', async () => {
    await importWithout('spare', ['id', 'tail', 'setsid', 'ps', 'bash', 'rm'])
    const stage = dockerStage(engine, { container: { image: 'spare' } })
    const { run } = await stage.start(stage.case.programs.copy)
    const much = `${'x'.repeat(5000)}\n`
    stage.write(run, much)
    await stage.said(run, much)
  })
})

describe.skipIf(!canRunDocker)('a user', () => {
  const whoAmI = ['/bin/sh', '-c', 'echo "$(id -u):$(id -g) $USER $HOME"; exec cat'] as const

  test('that the image does not have is told by name', async () => {
    const stage = dockerStage(engine, { container: { user: 'nobody-here' } })
    const run = stage.prepare()
    await expect(stage.start(whoAmI, { run })).rejects.toMatchObject({
      code: 'unsupported',
      message: 'container.user: the image drover-test has no user nobody-here.',
    })
    expect(await stage.recover(run, null)).toMatchObject({ state: 'lost', isUnstarted: true })
  })

  test('that the image knows by name has its run, its home and its name', async () => {
    const stage = dockerStage(engine, { container: { user: 'ada' } })
    const { run } = await stage.start(whoAmI)
    const { home } = stage.case.boxOf!(run, stage.folder)
    await stage.said(run, `1000:1000 ada ${home}\n`)
    expect(statSync(runFiles(run.folder).holder).uid).toBe(1000)
    expect(statSync(home).uid).toBe(1000)
  })

  test('without a name and a home in the image has both', async () => {
    const stage = dockerStage(engine, { container: { user: '1234' } })
    const { run } = await stage.start(whoAmI)
    const { home } = stage.case.boxOf!(run, stage.folder)
    await stage.said(run, `1234:0 agent ${home}\n`)
  })

  test('whose home is nowhere runs all the same', async () => {
    const stage = dockerStage(engine, { container: { user: '1234', home: '/nowhere/at/all' } })
    const { run } = await stage.start(whoAmI)
    await stage.said(run, '1234:0 agent /nowhere/at/all\n')
  })
})

describe.skipIf(!canRunDocker)('a run’s folder', () => {
  test('that its user can’t write is the cause, and what to do about it', async () => {
    const stage = dockerStage(engine, { container: { user: 'ada' } })
    // Daemons that are not root can't give it away.
    const real = process.getuid
    process.getuid = () => 1000
    try {
      const { run, handle } = await stage.start(stage.case.programs.copy)
      await stage.dead(handle)
      expect(await stage.recover(run, handle)).toMatchObject({
        state: 'lost',
        isUnstarted: true,
        cause: expect.stringMatching(/can't write to the run's folder: set container\.user/),
      })
    } finally {
      process.getuid = real!
    }
  })
})
