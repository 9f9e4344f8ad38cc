import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { innerFolder, writePlace } from '../../src/runtimes/docker/inside/notes.ts'
import { beginArgv } from '../../src/runtimes/docker/inside/begin.ts'
import { runFiles } from '../../src/runtimes/run-folder.ts'
import { Container } from '../../src/schema/container.ts'
import { DockerEngine } from '../support/docker-engine.ts'
import { importSmallImage } from '../support/docker-images.ts'
import { insideStage, runProject } from './inside-case.ts'

let engine: DockerEngine
let image: string
beforeAll(async () => {
  engine = await DockerEngine.start()
  image = await importSmallImage(engine)
  await runProject(engine, { name: 'project', image })
}, 120_000)
afterAll(async () => await engine?.[Symbol.asyncDispose](), 60_000)

describe('a start of a user who may write anywhere', () => {
  const executed = async (since: number): Promise<string[]> => {
    const until = String(Math.ceil(Date.now() / 1000) + 1)
    const filter = ['--filter', 'event=exec_create', '--format', '{{.Action}}']
    const args = ['events', '--since', String(since), '--until', until, ...filter]
    return (await engine.run(args)).match(/(prepare|begin)\.sh(?= (0|root|\/))/g) ?? []
  }

  test('asks for one program inside, but for the first in a life of the container', async () => {
    await runProject(engine, { name: 'lively', image })
    const stage = insideStage(engine, { container: { name: 'lively' } })
    const since = Date.now() / 1000
    for (const _ of [1, 2, 3]) {
      await stage.ended((await stage.start(['/bin/true'])).run)
    }
    expect(await executed(since)).toEqual(['prepare.sh', 'begin.sh', 'begin.sh', 'begin.sh'])
    await engine.run(['restart', '-t', '0', 'lively'])
    const later = Date.now() / 1000
    await stage.until('a start in its new life', async () => {
      const run = stage.prepare()
      const started = await stage.start(['/bin/true'], { run }).catch(() => null)
      return started !== null && (await stage.ended(run)) !== null
    })
    expect((await executed(later)).slice(-2)).toEqual(['prepare.sh', 'begin.sh'])
    await engine.run(['rm', '-f', 'lively'])
  })

  test('that a daemon gave up before it had a folder never begins, and leaves nothing', async () => {
    const stage = insideStage(engine)
    const run = stage.prepare()
    const inspected = await engine.run(['inspect', '--format', '{{.Id}}', 'project'])
    // A daemon was killed when it had asked for the shell.
    writePlace(run, { container: inspected.trim(), name: 'project', user: '0' })
    writeFileSync(runFiles(run.folder).holder, 'inside\n')
    expect(await stage.recover(run, null)).toMatchObject({ state: 'lost', isUnstarted: true })
    const wish = { container: Container.parse({ name: 'project' }), ownFolders: [] }
    // Nobody gave that shell its input.
    const { stdout } = await engine.call(['exec', 'project', ...beginArgv(run, wish)])
    expect(stdout).toBe('made\n')
    const left = await engine.call(['exec', 'project', 'ls', innerFolder(run)])
    expect(left.code).not.toBe(0)
  })
})
