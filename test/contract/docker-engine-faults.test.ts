import { execFile } from 'node:child_process'
import { chmodSync, chownSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer, Socket, type Server } from 'node:net'
import path from 'node:path'
import { Readable } from 'node:stream'
import { inspect, promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { Engine } from '../../src/runtimes/docker/engine/engine.ts'
import { projectFolder } from '../support/shell.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** A socket in a folder of its own; both go with the test. */
async function listen(server: Server): Promise<{ env: Record<string, string>; socket: string }> {
  const folder = temporaryFolder('drover-engine-')
  chmodSync(folder.path, 0o755)
  const socket = path.join(folder.path, 'socket')
  const connections = new Set<{ destroy(): void }>()
  server.on('connection', (connection) => connections.add(connection))
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  onTestFinished(() => {
    connections.forEach((each) => each.destroy())
    server.close()
    folder[Symbol.dispose]()
  })
  return { env: { DOCKER_HOST: `unix://${socket}`, HOME: folder.path }, socket }
}

const version = { Version: '28.0.0', ApiVersion: '1.48', MinAPIVersion: '1.24', Arch: 'amd64' }

/** Answers who it is like a sound engine; the rest is up to the test. */
function engineThat(answer: RequestListener): Server {
  return createHttpServer((request, response) => {
    if (request.url === '/version') {
      response.end(JSON.stringify(version))
    } else if (request.url?.endsWith('/info')) {
      response.end(JSON.stringify({ ID: 'one', CgroupVersion: '2', Driver: 'overlay2' }))
    } else {
      answer(request, response)
    }
  })
}

async function connectTo(answer: RequestListener): Promise<Engine> {
  const { env } = await listen(engineThat(answer))
  return await Engine.connect({ env, signal: new AbortController().signal })
}

const never = new AbortController().signal

test('an engine that accepts and says nothing is given up after its deadline', async () => {
  const { env, socket } = await listen(createServer(() => {}))
  await expect(Engine.connect({ env, deadlineMs: 50, signal: never })).rejects.toMatchObject({
    code: 'engine_unreachable',
    message: `The engine at unix://${socket} did not answer within 0.05 s.`,
  })
})

test('whoever waits for an engine that says nothing can give up before', async () => {
  const { env } = await listen(createServer(() => {}))
  const stop = new AbortController()
  const connecting = Engine.connect({ env, signal: stop.signal })
  stop.abort(new Error('enough'))
  await expect(connecting).rejects.toThrow('enough')
})

test('a call that was given up ends its request', async () => {
  const closed = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const engine = await connectTo((request) => {
    request.socket.on('close', () => closed.resolve())
    asked.resolve()
  })
  const stop = new AbortController()
  const calling = engine.inspectContainer('x', stop.signal)
  await asked.promise
  stop.abort(new Error('enough'))
  await expect(calling).rejects.toThrow('enough')
  await closed.promise
})

test('a call that was given up while its answer comes ends it', async () => {
  const closed = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const engine = await connectTo((request, response) => {
    request.socket.on('close', () => closed.resolve())
    response.write('{"Id": ', () => begun.resolve())
  })
  const stop = new AbortController()
  const calling = engine.inspectContainer('x', stop.signal)
  await begun.promise
  stop.abort(new Error('enough'))
  await expect(calling).rejects.toThrow('enough')
  await closed.promise
})

test.for<[string, RequestListener]>([
  [
    'that ends before its length',
    (_request, response) => {
      response.writeHead(200, { 'content-length': 1000 })
      response.write('{"Id": "1"', () => response.destroy())
    },
  ],
  [
    'that ends between its pieces',
    (_request, response) => response.write('[', () => response.destroy()),
  ],
  ['of no bytes at all', (request) => void request.socket.destroy()],
  ['that is no JSON', (_request, response) => void response.end('<html>proxy</html>')],
  ['that lacks what matters', (_request, response) => void response.end('{"Id": 7}')],
  [
    'that refuses and ends before its length',
    (_request, response) => {
      response.writeHead(500, { 'content-length': 1000 })
      response.write('{"message": "', () => response.destroy())
    },
  ],
])('an answer %s says that the engine can not be asked', async ([, answer]) => {
  const engine = await connectTo(answer)
  await expect(engine.inspectContainer('x', never)).rejects.toMatchObject({
    code: 'engine_unreachable',
  })
})

test('a pull that is cut short is no success', async () => {
  const engine = await connectTo((_request, response) =>
    response.write('{"status": "Downloading"}\n', () => response.destroy()),
  )
  await expect(engine.pullImage('x', () => {}, never)).rejects.toMatchObject({
    code: 'engine_unreachable',
  })
})

test('a pull and a build tell who asks, in a header', async () => {
  const headers: Record<string, unknown>[] = []
  const { env } = await listen(
    engineThat((request, response) => {
      headers.push(request.headers)
      request.resume().on('end', () => response.end('{"aux": {"ID": "sha256:1"}}'))
    }),
  )
  const auth = Buffer.from('ada:secret').toString('base64')
  mkdirSync(path.join(env['HOME']!, '.docker'))
  const config = JSON.stringify({ auths: { 'r.example': { auth } } })
  writeFileSync(path.join(env['HOME']!, '.docker', 'config.json'), config)
  const engine = await Engine.connect({ env, signal: never })
  await engine.pullImage('r.example/x', () => {}, never)
  await engine.pullImage('busybox', () => {}, never)
  await engine.buildImage(Readable.from([]), { tag: 'x' }, () => {}, never)
  const read = (header: unknown): unknown =>
    JSON.parse(Buffer.from(header as string, 'base64url').toString())
  const login = { username: 'ada', password: 'secret', serveraddress: 'r.example' }
  expect(read(headers[0]?.['x-registry-auth'])).toEqual(login)
  expect(headers[1]?.['x-registry-auth']).toBeUndefined()
  expect(read(headers[2]?.['x-registry-config'])).toEqual({ 'r.example': login })
})

test('a pull can be given up while it goes on', async () => {
  const engine = await connectTo((_request, response) => response.write('{"status": "a"}\n'))
  const stop = new AbortController()
  const pulling = engine.pullImage('x', () => stop.abort(new Error('enough')), stop.signal)
  await expect(pulling).rejects.toThrow('enough')
})

test('what breaks while it is sent is told as what it is', async () => {
  const engine = await connectTo((request) => request.resume())
  const broken = new Readable({ read() {} })
  const importing = engine.importImage(broken, { tag: 'x' }, never)
  broken.destroy(new Error('the disk went away'))
  await expect(importing).rejects.toThrow('the disk went away')
  const closed = new Readable({ read() {} })
  const putting = engine.putArchive('x', '/', closed, never)
  closed.destroy()
  await expect(putting).rejects.toThrow('Premature close')
})

test('events are asked for since a moment before, by the clock of the engine', async () => {
  const asked = Promise.withResolvers<URLSearchParams>()
  const { env } = await listen(
    createHttpServer((request, response) => {
      const url = new URL(request.url!, 'http://engine')
      if (url.pathname.endsWith('/events')) {
        asked.resolve(url.searchParams)
        response.flushHeaders()
      } else {
        const info = { ...version, SystemTime: '2026-01-01T00:00:00.123456789Z' }
        response.end(JSON.stringify(info))
      }
    }),
  )
  const engine = await Engine.connect({ env, signal: never })
  const stop = new AbortController()
  const up = Promise.withResolvers<void>()
  const tell = { onUp: up.resolve, onDown: up.reject }
  const following = engine.follow({ label: ['a=b'] }, () => {}, tell, stop.signal)
  expect(Object.fromEntries(await asked.promise)).toEqual({
    filters: '{"label":["a=b"]}',
    since: '1767225600.123456789',
  })
  await up.promise
  stop.abort()
  await following
})

test('a call costs nothing more while others are under way: nobody describes them', async () => {
  const open = Array.from({ length: 3 }, () => Promise.withResolvers<void>())
  const engine = await connectTo((request, response) => {
    if (request.url?.includes('/events')) {
      response.flushHeaders()
    } else {
      response.writeHead(404).end('{"message": "none"}')
    }
  })
  const stop = new AbortController()
  const following = open.map(({ resolve, reject }) =>
    engine.follow({}, () => {}, { onUp: resolve, onDown: reject }, stop.signal),
  )
  await Promise.all(open.map(({ promise }) => promise))
  let described = 0
  const sockets = Socket.prototype as { [inspect.custom]?: () => string }
  sockets[inspect.custom] = () => `socket ${(described += 1)}`
  try {
    expect(await engine.inspectContainer('x', never)).toBeNull()
  } finally {
    delete sockets[inspect.custom]
  }
  expect(described).toBe(0)
  stop.abort()
  await Promise.all(following)
})

test('an engine that is too old is refused by its version', async () => {
  const old = JSON.stringify({ ...version, Version: '19.03.15', ApiVersion: '1.40' })
  const { env } = await listen(createHttpServer((_request, response) => void response.end(old)))
  await expect(Engine.connect({ env, signal: never })).rejects.toMatchObject({
    code: 'engine_unfit',
    message: expect.stringContaining('Docker 19.03.15 is too old'),
  })
})

test('Podman is known by its components', async () => {
  const answer = { ...version, ApiVersion: '1.41', Components: [{ Name: 'Podman Engine' }] }
  const info = { SecurityOptions: ['name=seccomp', 'name=rootless'], CgroupVersion: '2' }
  const { env } = await listen(
    createHttpServer((request, response) => {
      const isVersion = request.url === '/version'
      response.statusCode = isVersion || request.url === '/v1.41/info' ? 200 : 404
      response.end(JSON.stringify(isVersion ? answer : info))
    }),
  )
  const { facts } = await Engine.connect({ env, signal: never })
  expect(facts).toMatchObject({
    kind: 'podman',
    apiVersion: '1.41',
    isRootless: true,
    isLocal: false,
    cgroupVersion: 2,
  })
})

test('where no engine is, it is told where one was looked for', async () => {
  using folder = temporaryFolder()
  const env = { DOCKER_HOST: `unix://${folder.path}/none`, HOME: folder.path }
  await expect(Engine.connect({ env, signal: never })).rejects.toMatchObject({
    code: 'engine_unreachable',
    message: `No container engine was found at unix://${folder.path}/none (DOCKER_HOST).`,
  })
})

test('a socket that nobody listens at any more is told as refused', async () => {
  using folder = temporaryFolder()
  const socket = path.join(folder.path, 'stale')
  const script = `require('net').createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, 'SIGKILL'))`
  await promisify(execFile)(process.execPath, ['-e', script]).catch(() => {})
  const env = { DOCKER_HOST: `unix://${socket}`, HOME: folder.path }
  await expect(Engine.connect({ env, signal: never })).rejects.toMatchObject({
    code: 'engine_unreachable',
    message: expect.stringContaining('ECONNREFUSED'),
  })
})

const isRoot = process.getuid?.() === 0

test.runIf(isRoot && process.platform === 'linux')(
  'a user who may not speak to the engine is told which group may',
  async () => {
    const { env, socket } = await listen(engineThat((_request, response) => void response.end()))
    chmodSync(socket, 0o660)
    const gid = 9
    chownSync(socket, 0, gid)
    const group = (await promisify(execFile)('getent', ['group', String(gid)])).stdout.split(':')[0]
    using folder = temporaryFolder()
    chmodSync(folder.path, 0o755)
    // Where that user can read it: the project may be in a folder of root's own.
    cpSync(path.join(projectFolder, 'src'), path.join(folder.path, 'src'), { recursive: true })
    symlinkSync(path.join(projectFolder, 'node_modules'), path.join(folder.path, 'node_modules'))
    const script = path.join(folder.path, 'connect.ts')
    const source = `
      import { Engine } from './src/runtimes/docker/engine/engine.ts'
      const signal = new AbortController().signal
      await Engine.connect({ env: process.env, signal }).catch(({ code, message }) => console.log(code, message))`
    writeFileSync(script, source)
    const { stdout } = await promisify(execFile)(
      'setpriv',
      ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, script],
      { env: { ...process.env, ...env } },
    )
    expect(stdout).toContain(
      `engine_denied The user nobody may not speak to the engine at unix://${socket}`,
    )
    expect(stdout).toContain(`usermod -aG ${group} nobody`)
  },
)
