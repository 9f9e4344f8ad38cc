import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTemporaryFolder } from '../../test/support/temporary-folder.ts'
import { DroverError } from '../schema/error.ts'
import { fillIn } from './fill-in.ts'
import { readService, type ReadService } from './read-service.ts'

let folder: string
const at = (name: string): string => path.join(folder, name)
beforeEach(() => {
  folder = path.join(createTemporaryFolder(), 'My.App')
  mkdirSync(folder)
})
afterEach(() => rmSync(path.dirname(folder), { recursive: true, force: true }))

function read(service: string, rest = ''): ReadService {
  const lines = service.split('\n').map((line) => `    ${line}`)
  writeFileSync(at('compose.yaml'), `services:\n  app:\n${lines.join('\n')}\n${rest}`)
  return readService({ file: at('compose.yaml'), service: 'app' })
}

function problemOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return error instanceof DroverError && error.code === 'invalid_compose'
      ? error.message
      : `not told well: ${String(error)}`
  }
  return 'nothing is wrong'
}

describe('a service of a Compose file', () => {
  it('says all that an agent can have of it', () => {
    mkdirSync(at('app'))
    writeFileSync(at('some.env'), 'FROM_FILE="a b"\nBOTH=file\n')
    const { wish, env, dir } = read(
      `image: ignored:1
build: {context: ./app, dockerfile: dev.df, target: dev}
environment:
  BOTH: service
  NUMBER: 5
  FLAG: true
env_file: some.env
user: 1000
working_dir: /srv/app/sub
read_only: true
tmpfs: [/scratch]
cap_add: [CAP_CHOWN, SETUID]
volumes:
  - ./app:/srv/app
  - cache:/cache:ro
  - {type: bind, source: /tmp, target: /outer/, read_only: true}
command: npm start
restart: always
x-mine: {anything: goes}`,
      'volumes: {cache: {}}\n',
    )
    expect(wish).toEqual({
      build: { context: at('app'), dockerfile: 'dev.df', target: 'dev' },
      user: '1000',
      mounts: [
        { source: at('app'), target: '/srv/app', isReadOnly: false },
        { volume: 'myapp_cache', target: '/cache', isReadOnly: true },
        { source: '/tmp', target: '/outer', isReadOnly: true },
      ],
      readOnly: true,
      tmpfs: ['/scratch'],
      capAdd: ['CHOWN', 'SETUID'],
    })
    expect(env).toEqual({ FROM_FILE: 'a b', BOTH: 'service', NUMBER: '5', FLAG: 'true' })
    expect(dir).toBe(at('app/sub'))
  })

  it('may be short', () => {
    expect(read('image: debian')).toEqual({
      wish: { image: 'debian', mounts: [], readOnly: false, tmpfs: [], capAdd: [] },
      env: {},
      dir: null,
    })
    expect(read('build: .').wish.build).toEqual({ context: folder })
    expect(read('image: a\nenvironment: [A=b=c]').env).toEqual({ A: 'b=c' })
  })

  it('takes what others of the file share with it', () => {
    writeFileSync(
      at('compose.yaml'),
      'x-base: &base {image: shared, user: node}\nservices:\n  app: {<<: *base, user: root}\n  other: {image: "${UNSET}"}\n',
    )
    const { wish } = readService({ file: at('compose.yaml'), service: 'app' })
    expect(wish).toMatchObject({ image: 'shared', user: 'root' })
  })

  it('is filled in from .env beside the file', () => {
    writeFileSync(at('.env'), 'TAG=7\n')
    const { wish, env } = read(
      'image: app:${TAG}\nenvironment:\n  A: ${OTHER:-none}\n  B: cost $$5',
    )
    expect(wish.image).toBe('app:7')
    expect(env).toEqual({ A: 'none', B: 'cost $5' })
  })

  it('names volumes as Compose does', () => {
    const mounts = (rest: string): unknown =>
      read('image: a\nvolumes: [data:/data]', rest).wish.mounts?.[0]?.volume
    expect(mounts('volumes: {data: }\n')).toBe('myapp_data')
    expect(mounts('name: shop\nvolumes: {data: }\n')).toBe('shop_data')
    expect(mounts('volumes: {data: {external: true}}\n')).toBe('data')
    expect(mounts('volumes: {data: {name: kept}}\n')).toBe('kept')
  })

  it.each([
    ['image: a\nports: ["80:80"]', 'services.app.ports: Drover makes no container that has this'],
    ['image: a\nprivileged: true', 'services.app.privileged: '],
    ['image: a\nnetwork_mode: host', 'services.app.network_mode: '],
    ['user: root', 'services.app: has neither image nor build'],
    ['image: a\nbuild: {context: ., args: {A: b}}', 'services.app.build'],
    ['image: a\nworking_dir: /srv', 'services.app.working_dir: /srv is in the image'],
    ['image: a\nvolumes: [/srv/node_modules]', 'volumes.0: "/srv/node_modules" has no name'],
    ['image: a\nvolumes: [data:/data]', 'volumes.0: there is no volume "data"'],
    ['image: a\nvolumes: ["a:/b:ro:x"]', 'is not SOURCE:TARGET'],
    ['image: a\nvolumes: ["./a:/b:shared"]', 'is not SOURCE:TARGET'],
    ['image: a\nvolumes: [{type: npipe, source: a, target: /b}]', 'services.app.volumes.0'],
    ['image: a\ntmpfs: /run:size=64m', 'services.app.tmpfs: options'],
    ['image: a\nenvironment: [HOME]', 'services.app.environment.HOME: has no value'],
    ['image: a\nenv_file: none.env', "services.app.env_file: none.env can't be read"],
    ['image: ${UNSET}', '${UNSET} has no value'],
    ['image: "a b"', 'services.app.image'],
    ['image: a\nuser: "x y"', 'services.app.user'],
    ['image: a\n  bad: [', 'compose.yaml: '],
  ])('with %j is refused by name', (service, problem) => {
    expect(problemOf(() => read(service))).toContain(problem)
  })

  it('that is not there names those that are', () => {
    read('image: a')
    const service = { file: at('compose.yaml'), service: 'web' }
    expect(problemOf(() => readService(service))).toContain('there is no web; there is: app')
    expect(problemOf(() => readService({ ...service, service: '__proto__' }))).toContain(
      'there is no',
    )
  })
})

it.each([
  ['${A}', 'a'],
  ['$A-$B', 'a-'],
  ['${B:-x}${B-x}${C-y}', 'xy'],
  ['${C:-a:-b}', 'a:-b'],
  ['$$A', '$A'],
])('%j is filled in as %j', (text, filled) => {
  expect(fillIn([text], { A: 'a', B: '' })).toEqual([filled])
})

it.each(['${A:?must}', '$', '${', '${A'])('%j can not be filled in', (text) => {
  expect(problemOf(() => fillIn(text, { A: 'a' }))).toContain("can't be filled in")
})
