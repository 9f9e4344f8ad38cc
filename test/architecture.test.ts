import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { createOpenapiDocument } from '../src/api/openapi.ts'
import { isErrorCode } from '../src/schema/error.ts'
import { errorTable, type ErrorRow } from '../src/schema/error-table.ts'
import { findCircle, listSources, loadedWith, readImports } from './support/read-imports.ts'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const src = path.join(root, 'src')
const imports = readImports(src)

/** What each room of src may import: other rooms, and packages beside Node's own. Arrows point downwards only. */
const rooms: Readonly<Record<string, { rooms: readonly string[]; packages: readonly string[] }>> = {
  cli: { rooms: ['client', 'schema', 'util'], packages: ['@agentclientprotocol/sdk', 'commander'] },
  client: { rooms: ['schema'], packages: ['ws'] },
  web: { rooms: ['client', 'schema'], packages: ['@xterm/xterm'] },
  channels: { rooms: ['client', 'schema', 'util'], packages: [] },
  mcp: { rooms: ['client', 'schema', 'util'], packages: [] },
  api: {
    rooms: ['daemon', 'schema', 'util'],
    packages: ['hono', '@hono/node-server', '@hono/zod-openapi', 'ws', 'zod'],
  },
  fleet: { rooms: ['daemon', 'schema', 'util'], packages: [] },
  daemon: {
    rooms: ['core', 'store', 'runtimes', 'providers', 'gateway', 'schema', 'util'],
    packages: ['pino', 'yaml', 'zod'],
  },
  gateway: { rooms: ['core', 'schema', 'util'], packages: [] },
  runtimes: { rooms: ['core', 'schema', 'util'], packages: ['docker-modem', 'zod'] },
  providers: {
    rooms: ['core', 'schema', 'util'],
    packages: ['@agentclientprotocol/sdk', 'zod'],
  },
  store: { rooms: ['schema', 'util'], packages: [] },
  core: { rooms: ['schema', 'util'], packages: ['croner'] },
  schema: { rooms: [], packages: ['zod'] },
  util: { rooms: [], packages: [] },
  testing: { rooms: [], packages: [] },
}

/** Files that know everybody. */
const compositionRoots = new Set(['main.ts', 'daemon-root.ts'])

const roomOf = (file: string): string => file.split('/')[0] ?? ''
const arrow = ({ from, to }: { from: string; to: string }): string => `${from} → ${to}`

/** Rooms below `runtimes` that belong to all of them. */
const shared = new Set<string | undefined>(['holder', 'limits', 'terminal'])

describe('the arrows between rooms', () => {
  const inside = imports.filter(({ from }) => !compositionRoots.has(from))

  test('are read from the files: there are many', () => {
    expect(imports.length).toBeGreaterThan(300)
    expect(
      imports
        .filter(({ isPackage }) => !isPackage)
        .every(({ to }) => listSources(src).includes(to)),
    ).toBe(true)
  })

  test('begin in a room that is in the table', () => {
    expect(
      listSources(src).filter((file) => !compositionRoots.has(file) && !(roomOf(file) in rooms)),
    ).toEqual([])
  })

  test('point downwards only', () => {
    const wrong = inside.filter(
      ({ from, to, isPackage }) =>
        !isPackage &&
        roomOf(from) !== roomOf(to) &&
        !rooms[roomOf(from)]?.rooms.includes(roomOf(to)),
    )
    expect(wrong.map(arrow)).toEqual([])
  })

  test('lead to packages that the room needs', () => {
    const wrong = inside.filter(
      ({ from, to, isPackage }) =>
        isPackage && to !== 'node' && !rooms[roomOf(from)]?.packages.includes(to),
    )
    expect(wrong.map(arrow)).toEqual([])
  })

  test('make no circle', () => {
    expect(findCircle(imports)).toBeNull()
  })

  test('lead from the daemon to contracts, never to one runtime or provider', () => {
    const wrong = inside.filter(
      ({ from, to }) => roomOf(from) === 'daemon' && /^(runtimes|providers)\/.+\//.test(to),
    )
    expect(wrong.map(arrow)).toEqual([])
  })

  test('never lead from one runtime to another, but to the rooms that they share', () => {
    const own = (file: string): string | undefined => /^runtimes\/([^/]+)\//.exec(file)?.[1]
    const wrong = inside.filter(
      ({ from, to }) => own(from) && own(to) && !shared.has(own(to)) && own(from) !== own(to),
    )
    expect(wrong.map(arrow)).toEqual([])
  })

  test('load Croner only with the first schedule', () => {
    expect(loadedWith('core/cron-times.ts', imports)).toContain('croner')
    expect(loadedWith('daemon-root.ts', imports)).toContain('daemon/schedule-runner.ts')
    expect(loadedWith('daemon-root.ts', imports)).not.toContain('croner')
    expect(loadedWith('main.ts', imports)).not.toContain('croner')
  })

  test('load what speaks to engines only with the first of them', () => {
    expect(imports.some(({ to }) => to === 'docker-modem')).toBe(true)
    expect(loadedWith('runtimes/docker/engine/engine.ts', imports)).not.toContain('docker-modem')
  })

  test('load the SDK of the Agent Client Protocol with no daemon: its types are enough', () => {
    expect(imports.some(({ to }) => to === '@agentclientprotocol/sdk')).toBe(true)
    expect(loadedWith('daemon-root.ts', imports)).not.toContain('@agentclientprotocol/sdk')
    expect(loadedWith('main.ts', imports)).not.toContain('@agentclientprotocol/sdk')
  })

  test.for(['main.ts', 'cli/program.ts', 'cli/send.ts', 'cli/ps.ts', 'client/index.ts'])(
    'keep zod out of what is loaded with %s',
    (entry) => {
      const loaded = loadedWith(entry, imports)
      expect([...loaded].filter((name) => ['zod', 'hono', 'pino', 'yaml'].includes(name))).toEqual(
        [],
      )
      expect(
        [...loaded].filter((name) => ['daemon', 'api', 'store'].includes(roomOf(name))),
      ).toEqual([])
    },
  )
})

describe('a file of src', () => {
  test('has at most 300 lines', () => {
    const lines = (file: string): number =>
      readFileSync(path.join(src, file), 'utf8').split('\n').length - 1
    expect(listSources(src).filter((file) => lines(file) > 300)).toEqual([])
  })

  test('has a name in kebab-case', () => {
    const names = readdirSync(src, { recursive: true, encoding: 'utf8' }).map((file) =>
      path.basename(file),
    )
    expect(
      names.filter(
        (name) =>
          !/^(tsconfig(\.build)?\.json|[a-z0-9]+(-[a-z0-9]+)*(\.test)?(\.(ts|sh|html|css|md))?)$/.test(
            name,
          ),
      ),
    ).toEqual([])
  })

  test('has no default export', () => {
    const hasDefault = (file: string): boolean =>
      /^export default|\bas default\b/m.test(readFileSync(path.join(src, file), 'utf8'))
    expect(listSources(src).filter(hasDefault)).toEqual([])
  })
})

describe('the table of errors', () => {
  const rows = Object.entries<ErrorRow>(errorTable)
  const code = listSources(src)
    .filter((file) => file !== 'schema/error.ts')
    .map((file) => readFileSync(path.join(src, file), 'utf8'))
    .join('\n')

  test.for(rows)('has sane values for %s', ([name, { status, exit, retryable, hint }]) => {
    expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(600)
    expect([1, 2, 3, 4, 5, 6]).toContain(exit)
    expect(typeof retryable).toBe('boolean')
    expect(hint).toMatch(/^\S.{10,}[^.\s]\.$/)
    expect(exit === 3 ? [404, 422] : [status]).toContain(status)
  })

  test('has every code that is thrown', () => {
    const thrown = [...code.matchAll(/new DroverError\(\s*'([^']*)'/g)].map(([, name]) => name)
    expect(thrown.length).toBeGreaterThan(30)
    expect(thrown.filter((name) => !isErrorCode(name))).toEqual([])
  })

  test('has no code that nobody uses', () => {
    // Said by main.ts itself, under a Node that can't load the table.
    const exempt = new Set(['node_too_old'])
    expect(
      rows.map(([name]) => name).filter((name) => !exempt.has(name) && !code.includes(`'${name}'`)),
    ).toEqual([])
  })
})

describe('docs/openapi.json', () => {
  test('is what the routes say; `npm run openapi` writes it', () => {
    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      version: string
    }
    const written = JSON.parse(
      readFileSync(path.join(root, 'docs', 'openapi.json'), 'utf8'),
    ) as unknown
    expect(JSON.parse(JSON.stringify(createOpenapiDocument(version)))).toEqual(written)
  })
})
