import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { Engine } from '../../src/runtimes/docker/engine/engine.ts'
import { requireImage } from '../../src/runtimes/docker/images/require-image.ts'
import { Container, type ContainerWish } from '../../src/schema/container.ts'
import { canRunDocker, DockerEngine } from '../support/docker-engine.ts'
import { importSmallImage } from '../support/docker-images.ts'
import { ImageRegistry } from '../support/image-registry.ts'
import { requireOrSkip } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const test = requireOrSkip('docker', canRunDocker)

let docker: DockerEngine
let engine: Engine
let base: string
const never = new AbortController().signal
beforeAll(async () => {
  if (!canRunDocker) {
    return
  }
  docker = await DockerEngine.start()
  base = await importSmallImage(docker)
  engine = await Engine.connect({ env: { DOCKER_HOST: docker.host }, signal: never })
}, 120_000)
afterAll(async () => await docker?.[Symbol.asyncDispose](), 60_000)

const agent = { id: 'agent_1', instance: 'test', folder: '/nowhere' }

async function require(
  wish: ContainerWish,
  signal: AbortSignal = never,
): Promise<{ id: string; tags: readonly string[]; told: string[] }> {
  const told: string[] = []
  const tools = { engine, tell: (text: string) => void told.push(text) }
  const image = await requireImage(tools, { agent, container: Container.parse(wish) }, signal)
  return { id: image.id, tags: image.tags, told }
}

interface Project {
  folder: string
  write: (name: string, text: string) => void
  [Symbol.dispose](): void
}

function makeProject(dockerfile: readonly string[]): Project {
  const temporary = temporaryFolder('drover-project-')
  const write = (name: string, text: string): void => {
    const file = path.join(temporary.path, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  write('Dockerfile', [`FROM ${base}`, ...dockerfile, ''].join('\n'))
  return { folder: temporary.path, write, [Symbol.dispose]: () => temporary[Symbol.dispose]() }
}

describe("an image of a project's Dockerfile", () => {
  test('has what its folder has, without what is left out, and tells how far it is', async () => {
    using project = makeProject(['COPY . /project', 'RUN echo done > /project/built'])
    project.write('src/main', 'hello')
    project.write('node_modules/huge', 'x')
    project.write('.dockerignore', 'node_modules\n')
    const { id, tags, told } = await require({ build: { context: project.folder } })
    const line = 'cat /project/src/main /project/built; ls -A /project'
    const out = await docker.run(['run', '--rm', '--network=none', id, 'sh', '-c', line])
    expect(out.split('\n')).toEqual(['hellodone', '.dockerignore', 'Dockerfile', 'built', 'src'])
    expect(told[0]).toBe(`reading ${project.folder}`)
    expect(told.some((text) => /: step 3\/\d+: RUN echo done/.test(text))).toBe(true)
    expect(tags[0]).toMatch(/^drover-build:[0-9a-f]{16}$/)
  })

  test('is built once for each content', async () => {
    using project = makeProject(['COPY data /data'])
    project.write('data', 'one')
    const first = await require({ build: { context: project.folder } })
    const same = await require({ build: { context: project.folder } })
    expect(same.id).toBe(first.id)
    expect(same.told).toEqual([`reading ${project.folder}`])
    project.write('data', 'two')
    const other = await require({ build: { context: project.folder } })
    expect(other.id).not.toBe(first.id)
    project.write('unused', 'that no step takes')
    expect((await require({ build: { context: project.folder } })).id).toBe(other.id)
  })

  test('stays that of a container that is there, until the Dockerfile says something else', async () => {
    using project = makeProject(['COPY data /data'])
    project.write('data', 'one')
    const build = { context: project.folder }
    const first = await require({ build })
    const container = await docker.run([
      'create',
      `--name=drover-${agent.id}`,
      `--label=drover.agent=${agent.id}`,
      `--label=drover.instance=${agent.instance}`,
      first.id,
      'true',
    ])
    try {
      project.write('data', 'what the agent itself wrote')
      expect(await require({ build })).toMatchObject({ id: first.id, told: [] })
      project.write('Dockerfile', `FROM ${base}\nCOPY data /elsewhere\n`)
      expect((await require({ build })).id).not.toBe(first.id)
    } finally {
      await docker.run(['rm', container])
    }
  })

  test('may be one stage of another file', async () => {
    using project = makeProject([])
    project.write(
      'deploy/agent.df',
      `FROM ${base} AS dev\nENV WHICH=dev\nFROM dev AS last\nENV WHICH=last\n`,
    )
    const { id } = await require({
      build: { context: project.folder, dockerfile: 'deploy/agent.df', target: 'dev' },
    })
    expect(await docker.run(['run', '--rm', '--network=none', id, 'sh', '-c', 'echo $WHICH'])).toBe(
      'dev',
    )
  })

  test('that can not be built says which step and what that said', async () => {
    using project = makeProject(['RUN echo the reason >&2; exit 7'])
    await expect(require({ build: { context: project.folder } })).rejects.toMatchObject({
      code: 'image_failed',
      message: expect.stringMatching(
        /: step 2\/\d+: RUN echo the reason >&2; exit 7 ended with 7:\nthe reason$/,
      ) as string,
    })
    project.write('Dockerfile', 'FORM x\n')
    await expect(require({ build: { context: project.folder } })).rejects.toMatchObject({
      code: 'image_failed',
      message: expect.stringMatching(/unknown instruction: FORM/i) as string,
    })
  })

  test('that is given up leaves no image and no container', async () => {
    using project = makeProject(['RUN echo begun && sleep 600'])
    const stop = new AbortController()
    const tools = {
      engine,
      tell: (text: string) => {
        if (text.includes('RUN echo begun')) {
          stop.abort(new Error('enough'))
        }
      },
    }
    const container = Container.parse({ build: { context: project.folder } })
    const built = async (): Promise<string[]> =>
      (await docker.run(['images', '-q', 'drover-build'])).split('\n').toSorted()
    const before = await built()
    await expect(requireImage(tools, { agent, container }, stop.signal)).rejects.toThrow('enough')
    await expect.poll(async () => await docker.run(['ps', '-aq']), { timeout: 30_000 }).toBe('')
    expect(await built()).toEqual(before)
  })
})

describe('an image by name', () => {
  test('that is there is taken, whoever has made it', async () => {
    expect((await require({ image: base })).tags).toContain(`${base}:latest`)
  })

  test('that is the usual one and missing says how it is made', async () => {
    await expect(require({})).rejects.toMatchObject({
      code: 'image_not_found',
      message: expect.stringContaining('`drover image build` makes it') as string,
    })
  })

  test('that is missing is fetched, once, and tells so', async () => {
    await using registry = await ImageRegistry.start()
    const { architecture } = engine.facts
    const image = await registry.add('team/tool', { text: 'hello', architecture })
    const first = await require({ image })
    expect(first.told[0]).toBe(`pulling ${image}`)
    expect(first.tags).toEqual([image])
    const container = await docker.run(['create', image, '/none'])
    expect(await docker.run(['cp', `${container}:/told`, '-'])).toContain('hello')
    await docker.run(['rm', container])
    expect(await require({ image })).toMatchObject({ id: first.id, told: [] })
  })

  test('that is for another machine is refused', async () => {
    await using registry = await ImageRegistry.start()
    const other = engine.facts.architecture === 'arm64' ? 'amd64' : 'arm64'
    const image = await registry.add('team/other', { text: '', architecture: other })
    await expect(require({ image })).rejects.toMatchObject({
      code: 'image_unfit',
      message: expect.stringContaining(other) as string,
    })
  })

  test('that its registry does not have is told as that', async () => {
    await using registry = await ImageRegistry.start()
    await expect(require({ image: registry.nameOf('team/none') })).rejects.toMatchObject({
      code: 'image_not_found',
    })
  })

  test('whose registry refuses connections is told in one line', async () => {
    const registry = await listen(() => undefined)
    const name = `127.0.0.1:${registry.port}/some/image:1`
    registry.server.close()
    const told: string[] = []
    const tools = { engine, tell: (text: string) => void told.push(text) }
    const box = { agent, container: Container.parse({ image: name }) }
    await expect(requireImage(tools, box, never)).rejects.toMatchObject({
      code: 'registry_unreachable',
      message: expect.not.stringContaining('\n') as string,
    })
    expect(told).toEqual([`pulling ${name}`])
  })

  test('whose registry says nothing is given up after a while', async () => {
    const registry = await listen(() => undefined)
    try {
      const box = { agent, container: Container.parse({ image: `127.0.0.1:${registry.port}/a:1` }) }
      const tools = { engine, tell: () => undefined, silenceMs: 200 }
      await expect(requireImage(tools, box, never)).rejects.toMatchObject({
        code: 'registry_unreachable',
        message: expect.stringContaining('has said nothing for 0.2 s') as string,
      })
    } finally {
      registry.end()
    }
  })

  test('whose registry says nothing can be given up at once', async () => {
    const asked = Promise.withResolvers<void>()
    const registry = await listen(() => asked.resolve())
    const stop = new AbortController()
    try {
      const pulling = require({ image: `127.0.0.1:${registry.port}/some/image:1` }, stop.signal)
      await Promise.race([asked.promise, pulling])
      stop.abort(new Error('enough'))
      await expect(pulling).rejects.toThrow('enough')
    } finally {
      registry.end()
    }
  })
})

async function listen(
  onConnection: () => void,
): Promise<{ server: Server; port: number; end: () => void }> {
  const sockets = new Set<{ destroy(): void }>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    onConnection()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    server,
    port,
    end: () => {
      sockets.forEach((each) => each.destroy())
      server.close()
    },
  }
}
