import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTemporaryFolder } from '../../test/support/temporary-folder.ts'
import type { Container, ContainerWish } from '../schema/container.ts'
import { DroverError } from '../schema/error.ts'
import { resolveHome } from '../util/home.ts'
import { resolveContainer } from './resolve-container.ts'
import { checkMounts } from './resolve-mounts.ts'

let folder: string
let at: (name: string) => string
beforeEach(() => {
  folder = createTemporaryFolder()
  at = (name) => path.join(folder, name)
  for (const name of ['home', 'home/agents', 'data', 'with:colon', 'with,comma', 'project']) {
    mkdirSync(at(name))
  }
  writeFileSync(at('project/Dockerfile'), 'FROM scratch\n')
  writeFileSync(at('compose.yaml'), 'services: {}\n')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const docker = { name: 'docker', capabilities: { elsewhere: true } }

function resolve(request: ContainerWish, template: ContainerWish = {}): Container | undefined {
  const home = resolveHome({ DROVER_HOME: at('home') })
  return resolveContainer({ home }, docker as never, { template, request }).container
}

/** The field that is wrong, and what is said of it. */
function problemOf(request: ContainerWish): { field: unknown; message: string; code: string } {
  try {
    resolve(request)
  } catch (error) {
    if (error instanceof DroverError) {
      return { field: error.details['field'], message: error.message, code: error.code }
    }
    throw error
  }
  throw new Error('Nothing is wrong with it.')
}

const mountOf = (source: string, rest = {}): ContainerWish => ({
  mounts: [{ source, isReadOnly: false, ...rest }],
})

describe('the container of an agent', () => {
  it('is made from the usual image when nothing says which', () => {
    expect(resolve({ user: 'node' })).toMatchObject({ image: 'drover-agent', user: 'node' })
  })

  it('is what the request says of it, over what the template says', () => {
    const template = { build: { context: at('project') }, user: 'node', readOnly: true }
    const container = resolve({ image: 'debian:12', user: '1000' }, template)
    expect(container).toMatchObject({ image: 'debian:12', user: '1000', readOnly: true })
    expect(container?.build).toBeUndefined()
  })

  it('can be named in one way only', () => {
    expect(problemOf({ image: 'debian', name: 'web' })).toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('image and name each say which it is') as string,
    })
  })

  it('may be built from a Dockerfile that is inside of its folder', () => {
    expect(resolve({ build: { context: at('project') } })?.build).toEqual({
      context: at('project'),
    })
    const field = 'container.build.dockerfile'
    const outside = { context: at('project'), dockerfile: '../compose.yaml' }
    expect(problemOf({ build: outside })).toMatchObject({ field })
    symlinkSync(at('compose.yaml'), at('project/linked'))
    const linked = { context: at('project'), dockerfile: 'linked' }
    expect(problemOf({ build: linked }).message).toContain('is not inside of')
    const missing = { context: at('data') }
    expect(problemOf({ build: missing }).message).toContain('does not exist')
    const file = { context: at('compose.yaml') }
    expect(problemOf({ build: file }).message).toContain('is no folder')
  })
})

describe('a mount', () => {
  it('keeps the real path, so that a link that changes later is not followed', async () => {
    symlinkSync(at('data'), at('link'))
    const mounts = resolve(mountOf(at('link'), { target: '/data' }))?.mounts ?? []
    expect(mounts).toEqual([{ source: at('data'), target: '/data', isReadOnly: false }])
    await checkMounts(mounts)
    rmSync(at('data'), { recursive: true })
    symlinkSync(at('home'), at('data'))
    await expect(checkMounts(mounts)).rejects.toMatchObject({
      code: 'invalid_mount',
      message: expect.stringContaining(`leads to ${at('home')} now`) as string,
    })
    rmSync(at('data'))
    await expect(checkMounts(mounts)).rejects.toThrow('does not exist any more')
  })

  it.each(['with:colon', 'with,comma'])('may have a path like %s', (name) => {
    expect(resolve(mountOf(at(name)))?.mounts[0]?.source).toBe(at(name))
  })

  it('that shows what it must not is refused', () => {
    symlinkSync(at('home'), at('way-home'))
    const shown = [at('home'), at('home/agents'), folder, '/', at('way-home')]
    for (const source of shown) {
      expect(problemOf(mountOf(source)).message, source).toContain('the home of Drover itself')
    }
    for (const source of ['/proc', '/proc/self', '/sys', '/dev', '/dev/null']) {
      expect(problemOf(mountOf(source)).message, source).toContain("is the machine's own")
    }
    expect(problemOf(mountOf('/run')).message).toContain("an engine's socket")
  })

  it.each([
    ['data', 'is no absolute path'],
    ['/no/such/folder', 'does not exist'],
    [`/tmp/${'x'.repeat(300)}`, 'ENAMETOOLONG'],
  ])('of %j is refused by its field', (source, problem) => {
    const found = problemOf(mountOf(source))
    expect(found).toMatchObject({ field: 'container.mounts.0.source', code: 'invalid_mount' })
    expect(found.message).toContain(problem)
  })

  it('is of one thing, and has a place of its own', () => {
    const isReadOnly = false
    const data = at('data')
    const cases: [ContainerWish['mounts'], string][] = [
      [[{ isReadOnly }], 'container.mounts.0'],
      [[{ source: data, volume: 'cache', isReadOnly }], 'container.mounts.0'],
      [[{ volume: 'cache', isReadOnly }], 'container.mounts.0.target'],
      [[{ source: data, target: '/proc/1', isReadOnly }], 'container.mounts.0.target'],
      [[{ source: data, target: at('home/agents'), isReadOnly }], 'container.mounts.0.target'],
      [
        [
          { source: data, isReadOnly },
          { volume: 'cache', target: data, isReadOnly },
        ],
        'container.mounts.1.target',
      ],
    ]
    for (const [mounts, field] of cases) {
      expect(problemOf({ mounts })).toMatchObject({ field, code: 'invalid_mount' })
    }
    expect(
      resolve({ mounts: [{ volume: 'cache', target: '/dev/shm', isReadOnly }] })?.mounts,
    ).toHaveLength(1)
  })

  it('may be one file, a socket for instance', async () => {
    const server = createServer().listen(at('data/socket'))
    try {
      await new Promise((resolved) => server.once('listening', resolved))
      expect(resolve(mountOf(at('data/socket')))?.mounts).toHaveLength(1)
    } finally {
      server.close()
    }
  })
})
