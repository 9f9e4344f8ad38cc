import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { Engine } from '../../src/runtimes/docker/engine/engine.ts'
import { canRunDocker } from '../support/docker-engine.ts'
import { EngineStage } from '../support/engine-stage.ts'
import { hasProgram, requireOrSkip } from '../support/real-programs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { waitFor } from '../support/wait-for.ts'

const test = requireOrSkip('docker', canRunDocker)
const testWithKeys = requireOrSkip('docker', canRunDocker && hasProgram('openssl'))

const run = promisify(execFile)
const quiet = ['--bridge', 'none', '--iptables=false', '--ip6tables=false', '--ip-masq=false']

/** What a client must be able to do over any connection. */
async function useEngine(engine: Engine, stage: EngineStage): Promise<void> {
  const { signal } = stage
  const told: string[] = []
  const tell = { onUp: () => told.push('up'), onDown: () => told.push('down') }
  const stop = new AbortController()
  const following = engine.follow(
    { event: ['start'] },
    (e) => told.push(e.action),
    tell,
    stop.signal,
  )
  await waitFor('the stream to be open', () => told.includes('up'))
  const id = await stage.runContainer('far', ['sleep', 'infinity'])
  await waitFor('its start', () => told.includes('start'))
  stop.abort()
  await following
  const exec = await engine.exec(id, { argv: ['sh', '-c', 'wc -c; exit 3'] }, signal)
  exec.stdin.end(Buffer.alloc(3_000_000, 'x'))
  exec.stderr.resume()
  expect(await text(exec.stdout)).toBe('3000000\n')
  expect(await exec.exitCode(signal)).toBe(3)
  expect(engine.facts.isLocal).toBe(false)
  expect(told).toEqual(['up', 'start'])
}

test('an engine on another machine is used over ssh, with the options of the user', async () => {
  await using stage = await EngineStage.start()
  using folder = temporaryFolder()
  // The other machine is this one; what would run there runs here.
  const script = `#!/bin/sh
echo "$@" >> '${folder.path}/called'
while [ "$1" != -- ]; do shift; done
shift 2
DOCKER_HOST='${stage.docker.host}' exec "$@"
`
  mkdirSync(path.join(folder.path, 'bin'))
  writeFileSync(path.join(folder.path, 'bin', 'ssh'), script, { mode: 0o755 })
  const env = {
    ...process.env,
    PATH: `${folder.path}/bin:${process.env['PATH']}`,
    DOCKER_HOST: 'ssh://ada@box:2222',
  }
  const engine = await Engine.connect({ env, signal: stage.signal })
  await useEngine(engine, stage)
  const [called] = readFileSync(path.join(folder.path, 'called'), 'utf8').split('\n')
  expect(called).toContain('-l ada -p 2222 -- box docker system dial-stdio')
})

test('what ssh says is told when it fails', async () => {
  using folder = temporaryFolder()
  const script = '#!/bin/sh\necho "ssh: Could not resolve hostname box" >&2\nexit 255\n'
  writeFileSync(path.join(folder.path, 'ssh'), script, { mode: 0o755 })
  const env = { PATH: `${folder.path}:/usr/bin:/bin`, HOME: folder.path, DOCKER_HOST: 'ssh://box' }
  const connecting = Engine.connect({ env, signal: new AbortController().signal })
  await expect(connecting).rejects.toMatchObject({
    code: 'engine_unreachable',
    message: expect.stringContaining('Could not resolve hostname box'),
  })
  const without = Engine.connect({
    env: { ...env, PATH: `${folder.path}/none` },
    signal: new AbortController().signal,
  })
  await expect(without).rejects.toThrow(/ssh can't be started/)
})

testWithKeys('an engine is used over TLS, and both sides prove who they are', async () => {
  using folder = temporaryFolder()
  await makeKeys(folder.path)
  const at = (name: string): string => path.join(folder.path, name)
  const port = await freePort()
  const tls = ['--tlsverify', '--tlscacert', at('ca.pem'), '--tlscert', at('cert.pem')]
  const listen = ['--tlskey', at('key.pem'), '-H', `tcp://127.0.0.1:${port}`]
  await using stage = await EngineStage.start({ args: [...quiet, ...tls, ...listen] })
  const env = {
    HOME: folder.path,
    DOCKER_HOST: `tcp://127.0.0.1:${port}`,
    DOCKER_TLS_VERIFY: '1',
    DOCKER_CERT_PATH: folder.path,
  }
  const engine = await Engine.connect({ env, signal: stage.signal })
  await useEngine(engine, stage)

  using stranger = temporaryFolder()
  await makeKeys(stranger.path)
  const foreign = { ...env, DOCKER_CERT_PATH: stranger.path }
  await expect(Engine.connect({ env: foreign, signal: stage.signal })).rejects.toMatchObject({
    code: 'engine_unreachable',
    message: expect.stringContaining('certificate'),
  })
  const none = { ...env, DOCKER_CERT_PATH: path.join(folder.path, 'none') }
  await expect(Engine.connect({ env: none, signal: stage.signal })).rejects.toMatchObject({
    code: 'invalid_config',
  })
})

/** A certificate that is its own authority, for both sides. */
async function makeKeys(folder: string): Promise<void> {
  const files = ['-keyout', 'key.pem', '-out', 'cert.pem']
  const name = ['-subj', '/CN=drover-test', '-addext', 'subjectAltName=IP:127.0.0.1']
  const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  await run('openssl', [...kind, ...files, ...name, '-days', '2'], { cwd: folder })
  await run('cp', ['cert.pem', 'ca.pem'], { cwd: folder })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
