import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { findAddresses, formatAddress, parseHost } from './address.ts'

function createHome(): string {
  const folder = temporaryFolder('drover-home-')
  onTestFinished(() => folder[Symbol.dispose]())
  return folder.path
}

/** A home folder in which a context was chosen that has this address. */
function homeWithContext(name: string, host: string | undefined): string {
  const home = createHome()
  const id = createHash('sha256').update(name).digest('hex')
  const folder = path.join(home, '.docker', 'contexts', 'meta', id)
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(home, '.docker', 'config.json'), JSON.stringify({ currentContext: name }))
  const meta = { Name: name, Metadata: {}, Endpoints: { docker: { Host: host } } }
  writeFileSync(path.join(folder, 'meta.json'), JSON.stringify(meta))
  return home
}

async function places(
  home: string,
  env: Record<string, string> = {},
): Promise<{ at: string; from: string }[]> {
  const found = await findAddresses({ env, home, uid: 1000 })
  return found.map((address) => ({ at: formatAddress(address), from: address.from }))
}

describe('where an engine is looked for', () => {
  test('is where DOCKER_HOST says, and nowhere else', async () => {
    const home = homeWithContext('desktop', 'unix:///context.sock')
    expect(await places(home, { DOCKER_HOST: 'unix:///a/b.sock' })).toEqual([
      { at: 'unix:///a/b.sock', from: 'DOCKER_HOST' },
    ])
  })

  test('is the socket of the context that was chosen, and nowhere else', async () => {
    const home = homeWithContext('desktop', 'unix:///context.sock')
    expect(await places(home)).toEqual([
      { at: 'unix:///context.sock', from: 'the Docker context "desktop"' },
    ])
  })

  test('is the context that DOCKER_CONTEXT names before the one in the file', async () => {
    const home = homeWithContext('desktop', 'unix:///context.sock')
    expect(await places(home, { DOCKER_CONTEXT: 'default' })).toHaveLength(5)
  })

  test.for([['a tcp address', 'tcp://10.0.0.1:2376'] as const, ['none', undefined] as const])(
    'is the usual places where the context has %s',
    async ([, host]) => {
      expect(await places(homeWithContext('far', host))).toHaveLength(5)
    },
  )

  test('is the usual places where the file of Docker is broken', async () => {
    const home = createHome()
    mkdirSync(path.join(home, '.docker'))
    writeFileSync(path.join(home, '.docker', 'config.json'), '{"currentContext": 7')
    expect(await places(home)).toHaveLength(5)
  })

  test('begins with Docker and ends with rootless Podman', async () => {
    expect(
      (await places('/home/ada', { XDG_RUNTIME_DIR: '/run/own' })).map(({ at }) => at),
    ).toEqual([
      'unix:///var/run/docker.sock',
      'unix:///run/own/docker.sock',
      'unix:///home/ada/.docker/run/docker.sock',
      'unix:///run/podman/podman.sock',
      'unix:///run/own/podman/podman.sock',
    ])
  })

  test('takes the usual folder of a user whose environment names none', async () => {
    const all = await places('/home/ada')
    expect(all.map(({ at }) => at)).toContain('unix:///run/user/1000/podman/podman.sock')
  })
})

describe('an address', () => {
  const parse = (host: string, env: Record<string, string> = {}) =>
    parseHost(host, 'DOCKER_HOST', { env, home: '/home/ada' })

  test.for([
    ['unix:///run/x.sock', 'unix:///run/x.sock'],
    ['unix://', 'unix:///var/run/docker.sock'],
    ['tcp://box:2375', 'tcp://box:2375'],
    ['box:4000', 'tcp://box:4000'],
    ['tcp://box', 'tcp://box:2375'],
    ['http://box:80', 'tcp://box:80'],
    ['https://box', 'tcp://box:2376'],
    ['tcp://[::1]:2375', 'tcp://[::1]:2375'],
    ['ssh://ada@box', 'ssh://ada@box'],
    ['ssh://box:2222', 'ssh://box:2222'],
  ] as const)('%s is understood as %s', ([host, shown]) => {
    expect(formatAddress(parse(host))).toBe(shown)
  })

  test('has no TLS unless it is asked for', () => {
    expect(parse('tcp://box:2375')).toMatchObject({ tls: null })
  })

  test('has the keys of DOCKER_CERT_PATH, and the other side must prove itself', () => {
    const env = { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/keys' }
    expect(parse('tcp://box', env)).toMatchObject({
      port: 2376,
      tls: { folder: '/keys', isVerified: true },
    })
  })

  test('has the keys of the home folder where no other is named', () => {
    expect(parse('tcp://box:2376')).toMatchObject({
      tls: { folder: '/home/ada/.docker', isVerified: true },
    })
  })

  test('is told by DOCKER_TLS alone that the other side need not prove itself', () => {
    expect(parse('tcp://box', { DOCKER_TLS: '1' })).toMatchObject({ tls: { isVerified: false } })
  })

  test.for(['npipe:////./pipe/docker_engine', 'ftp://x', 'tcp://', 'ssh://', 'tcp://a b'])(
    '%s is refused by its name',
    (host) => {
      expect(() => parse(host)).toThrow(
        expect.objectContaining({
          code: 'invalid_config',
          message: expect.stringContaining(`DOCKER_HOST is "${host}"`),
        }),
      )
    },
  )
})
