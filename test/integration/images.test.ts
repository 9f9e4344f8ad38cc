import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { problemOf, runDrover, type CliResult } from '../support/cli.ts'
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts'
import { canRunDocker, DockerEngine } from '../support/docker-engine.ts'
import { importBaseImage, importSmallImage } from '../support/docker-images.ts'
import { realProgram, requireOrSkip } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const test = requireOrSkip('docker', canRunDocker)

let docker: DockerEngine
let daemon: TestDaemon
let base: string
let work: string
const claude = realProgram('claude')
/** The tar of a whole Debian, with the libraries that programs need. */
const debian = realProgram('systemd')

beforeAll(async () => {
  if (!canRunDocker) {
    return
  }
  docker = await DockerEngine.start()
  work = path.join(docker.folder, 'work')
  mkdirSync(work)
  base = await importBaseImage(docker)
  daemon = await startTestDaemon({
    env: { DOCKER_HOST: docker.host },
    config: claude ? { providers: { claude: { path: claude } } } : {},
  })
}, 180_000)
afterAll(async () => {
  for (const { name } of (await daemon?.client.list({ all: true })) ?? []) {
    await daemon.client.remove(name, { force: true, waitSeconds: 30 })
  }
  await daemon?.[Symbol.asyncDispose]()
  await docker?.[Symbol.asyncDispose]()
}, 120_000)

const drover = async (...args: string[]): Promise<CliResult> =>
  await runDrover(args, { env: daemon.env, cwd: work })

describe('drover image', () => {
  test('builds an image from one that is there, and fetches nothing that it has', async () => {
    const built = await drover('image', 'build', '--from', base)
    expect(built.code, built.stderr).toBe(0)
    expect(built.stdout).toMatch(/^drover-agent {2}\d+ MiB\n$/)
    expect(built.stderr).toMatch(/^building drover-agent: step 1\/\d+: FROM /m)
    expect((await drover('image', 'ls')).stdout).toMatch(/^drover-agent +\d+ MiB +\S+/m)
  })

  test('an agent runs in it, and it is not removed meanwhile', async () => {
    const run = await drover(
      'run',
      'command',
      '--name',
      'in-it',
      '--in',
      'docker',
      '--wait',
      '--',
      'cat',
    )
    expect(run.code, run.stderr).toBe(0)
    const [image] = await daemon.client.images.list()
    expect(image?.agents).toEqual(['in-it'])
    const refused = await drover('image', 'rm', 'drover-agent', '--json')
    expect(problemOf(refused)).toMatchObject({
      code: 'image_in_use',
      detail: expect.stringContaining('is used by in-it') as string,
    })
    expect((await drover('image', 'prune', '--force')).stdout).toContain('No images')
    await daemon.client.remove('in-it', { force: true, waitSeconds: 30 })
    expect((await drover('image', 'prune')).stdout).toMatch(/^drover-agent /m)
    expect(await daemon.client.images.list()).toHaveLength(1)
    expect((await drover('image', 'rm', 'drover-agent')).stdout).toBe('drover-agent  removed\n')
    expect(await daemon.client.images.list()).toEqual([])
    expect((await docker.run(['images', '-q', base])).length).toBeGreaterThan(0)
  })

  requireOrSkip('claude', canRunDocker && claude !== null && debian !== null)(
    'brings the programs of this machine, which run inside',
    async () => {
      await docker.run(['import', debian ?? '', 'debian'])
      const line = [
        'image',
        'build',
        '--from',
        'debian',
        '--with',
        'claude',
        '--copy',
        '--tag',
        'mine:1',
      ]
      const built = await drover(...line)
      expect(built.code, built.stderr).toBe(0)
      expect(built.stdout).toMatch(/^mine:1 {2}\d+ MiB {2}claude \d+\.\d+\.\d+\n$/)
      const [, version] = /claude (\S+)/.exec(built.stdout) ?? []
      const inside = ['--image', 'mine:1', '--wait', '--', 'claude', '--version']
      const run = await drover('run', 'command', 'go', '--name', 'speaks', ...inside)
      expect(run.stdout, run.stderr).toContain(version)
      await daemon.client.remove('speaks', { force: true, waitSeconds: 30 })
      await daemon.client.images.remove('mine:1')
    },
  )

  test('that lacks what is needed, and can not get it, says so', async () => {
    const small = await importSmallImage(docker)
    const built = await drover('image', 'build', '--from', small, '--json')
    expect(built.code).toBe(1)
    expect(problemOf(built)).toMatchObject({
      code: 'image_failed',
      detail: expect.stringContaining('has neither apt-get nor apk') as string,
    })
    expect(await daemon.client.images.list()).toEqual([])
  })

  test('that needs a registry which is out of reach says so in a line', async () => {
    const built = await drover('image', 'build', '--from', '127.0.0.1:9/none:1', '--json')
    expect(problemOf(built)).toMatchObject({ code: 'registry_unreachable' })
  })

  test.each([
    [['--with', 'nobody'], 'provider_not_found'],
    [['--with', 'claude,claude@1.0.0'], 'invalid_request'],
    [['--with', 'command'], 'unsupported'],
    [['--with', 'claude; rm -rf /'], 'invalid_request'],
    [['--from', 'a b'], 'invalid_request'],
    [['--tag', '-x'], 'invalid_request'],
    [['--with', ','], 'usage'],
  ])('like %j is refused, and nothing is built', async (args, code) => {
    expect(problemOf(await drover('image', 'build', ...args, '--json')).code).toBe(code)
  })

  test('that Drover did not make is not removed', async () => {
    expect(problemOf(await drover('image', 'rm', base, '--json')).code).toBe('image_not_found')
  })

  test('whose client goes is given up', async () => {
    const stop = new AbortController()
    const name = await importSlow()
    const building = daemon.client.images.build(
      { from: name, tag: 'never' },
      {
        signal: stop.signal,
        onProgress: (text) => {
          if (text.includes('get git and tmux')) {
            stop.abort(new Error('enough'))
          }
        },
      },
    )
    await expect(building).rejects.toThrow('enough')
    await waitFor('the build to be gone', async () => (await docker.run(['ps', '-aq'])) === '')
    expect(await docker.run(['images', '-q', 'never'])).toBe('')
  })
})

/** One in which the first step of a build lasts. */
async function importSlow(): Promise<string> {
  const line =
    'printf "#!/bin/sh\\nsleep 600\\n" > /usr/bin/apt-get && chmod +x /usr/bin/apt-get && rm /usr/bin/tmux'
  const id = await docker.run(['run', '-d', '--network=none', base, 'sh', '-c', line])
  await docker.run(['wait', id])
  await docker.run(['commit', id, 'slow'])
  await docker.run(['rm', id])
  return 'slow'
}

describe('an agent of a project', () => {
  test('is in a container of its Dockerfile, tells how far that is, and is stopped before', async () => {
    using project = temporaryFolder('drover-project-')
    const write = (text: string): void =>
      writeFileSync(path.join(project.path, 'Dockerfile'), `FROM ${base}\n${text}\n`)
    mkdirSync(path.join(project.path, 'work'))
    write('RUN sleep 600')
    const { client } = daemon
    const request = {
      template: 'command',
      name: 'built',
      program: ['sh', '-c', 'cat /made; cat'],
      dir: path.join(project.path, 'work'),
      container: { build: { context: project.path } },
    }
    await client.run(request)
    const stop = new AbortController()
    for await (const { type, data } of client.events({
      agent: 'built',
      since: 0,
      signal: stop.signal,
    })) {
      if (type === 'run.preparing' && String(data['text']).includes('RUN sleep 600')) {
        break
      }
    }
    stop.abort()
    const stopped = await client.stop('built', { waitSeconds: 10 })
    expect(stopped).toMatchObject({ status: 'stopped', run: null })
    await waitFor('the build to be gone', async () => (await docker.run(['ps', '-aq'])) === '')
    write('RUN echo yes > /made')
    await client.start('built', { waitSeconds: 60 })
    await waitFor('the agent to speak', async () =>
      (await drover('logs', 'built')).stdout.includes('yes'),
    )
    await client.remove('built', { force: true, waitSeconds: 30 })
    const [image] = await client.images.list()
    expect(image).toMatchObject({ purpose: 'project', agents: [] })
    expect(await client.images.prune({ dryRun: false })).toHaveLength(1)
  })

  test('comes up though its daemon dies while the image is built', async () => {
    using project = temporaryFolder('drover-project-')
    const file = path.join(project.path, 'Dockerfile')
    writeFileSync(file, `FROM ${base}\nRUN echo kept > /made && sleep 600\n`)
    const { client } = daemon
    await client.run({
      template: 'command',
      name: 'outlives',
      program: ['sh', '-c', 'cat /made; cat'],
      dir: project.path,
      container: { build: { context: project.path } },
    })
    await waitFor(
      'the build to be at its step',
      async () => (await docker.run(['ps', '-q'])).length > 0,
    )
    await daemon.kill()
    await waitFor('the build to be gone', async () => (await docker.run(['ps', '-aq'])) === '')
    writeFileSync(file, `FROM ${base}\nRUN echo kept > /made\n`)
    await daemon.start()
    await waitFor('the agent to speak', async () =>
      (await drover('logs', 'outlives')).stdout.includes('kept'),
    )
    await daemon.client.remove('outlives', { force: true, waitSeconds: 30 })
    expect(await daemon.client.images.prune({ dryRun: false })).toHaveLength(1)
  })
})
