import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Store } from './index.ts'
import { migrations } from './migrations.ts'
import { openDatabase, type OpenOptions } from './open.ts'

let folder: string
let options: OpenOptions
let reported: string[]
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'drover-open-'))
  reported = []
  options = {
    file: path.join(folder, 'drover.db'),
    backupsFolder: path.join(folder, 'backups'),
    moveAsideCorrupt: false,
    report: (line) => reported.push(line),
  }
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A good database with something in it, closed. */
function createGood(): void {
  const store = new Store(options)
  store.transaction('durable', () => {
    for (let number = 0; number < 200; number++) {
      store.messages.insert({
        id: `m${number}`,
        agentId: 'a',
        sender: 'user',
        body: 'x'.repeat(300),
        state: 'stored',
        cause: null,
        now: 1,
      })
    }
  })
  store.close()
}

function expectCorrupt(): void {
  const before = readFileSync(options.file)
  expect(() => openDatabase(options)).toThrow(
    expect.objectContaining({
      code: 'database_corrupt',
      message: expect.stringContaining(options.file),
    }),
  )
  expect(readFileSync(options.file).equals(before)).toBe(true)
  expect(reported).toEqual([])
}

describe('a database that can not be read is an error, and stays as it is', () => {
  test.for([0, 1, 15, 16, 50, 99, 100, 511, 512, 1023, 4095, 4096, 4097, 8192, 20_000, -4096, -1])(
    'cut off at %i bytes',
    (bytes) => {
      createGood()
      const { size } = statSync(options.file)
      truncateSync(options.file, bytes < 0 ? size + bytes : bytes)
      expectCorrupt()
    },
  )

  test.for<[string, Buffer]>([
    ['text', Buffer.from('this is not a database\n'.repeat(1000))],
    ['zeroes', Buffer.alloc(16_384)],
    [
      'a header and noise',
      Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(20_000, 0xa5)]),
    ],
  ])('made of %s', ([, content]) => {
    writeFileSync(options.file, content)
    expectCorrupt()
  })

  test('with a page that was overwritten', () => {
    createGood()
    const content = readFileSync(options.file)
    content.fill(0, 4096 * 4, 4096 * 9)
    writeFileSync(options.file, content)
    expectCorrupt()
  })

  test('with no schema of ours', () => {
    const foreign = new DatabaseSync(options.file)
    foreign.exec('CREATE TABLE t (x)')
    foreign.close()
    expectCorrupt()
  })
})

test('a corrupt database is moved aside only when a person says so, and kept', () => {
  createGood()
  truncateSync(options.file, 5000)
  const before = readFileSync(options.file)
  const store = new Store({ ...options, moveAsideCorrupt: true })
  expect(store.messages.countQueued('a')).toBe(0)
  store.close()
  const kept = readdirSync(folder).filter(
    (name) => name.startsWith('drover.db.corrupt-') && !/-(wal|shm)$/.test(name),
  )
  expect(kept).toHaveLength(1)
  expect(readFileSync(path.join(folder, kept[0] ?? '')).equals(before)).toBe(true)
  expect(reported).toHaveLength(1)
})

test('a good database is never moved aside', () => {
  createGood()
  const store = new Store({ ...options, moveAsideCorrupt: true })
  expect(store.messages.countQueued('a')).toBe(200)
  store.close()
  expect(reported).toEqual([])
})

test('a database of a newer schema is refused and stays as it is', () => {
  const newer = [...migrations, 'CREATE TABLE later (x)']
  openDatabase({ ...options, migrations: newer }).close()
  const before = readFileSync(options.file)
  expect(() => openDatabase(options)).toThrow(expect.objectContaining({ code: 'database_newer' }))
  expect(() => openDatabase({ ...options, moveAsideCorrupt: true })).toThrow(
    expect.objectContaining({ code: 'database_newer' }),
  )
  expect(readFileSync(options.file).equals(before)).toBe(true)
})

test('an older schema is brought up to date, after a whole copy of it was made', () => {
  createGood()
  const newer = [
    ...migrations,
    'ALTER TABLE messages ADD COLUMN colour TEXT',
    `UPDATE messages SET colour = 'red'`,
  ]
  const database = openDatabase({ ...options, migrations: newer })
  expect(
    database.get('SELECT COUNT(*) AS count FROM messages WHERE colour = ?', 'red'),
  ).toMatchObject({ count: 200 })
  database.close()
  const backups = readdirSync(options.backupsFolder)
  expect(backups).toEqual([expect.stringMatching(new RegExp(`^schema-${migrations.length}-`))])
  expect(reported).toEqual([expect.stringContaining(backups[0] ?? 'nothing')])
  rmSync(options.file)
  copyFileSync(path.join(options.backupsFolder, backups[0] ?? ''), options.file)
  const restored = new Store(options)
  expect(restored.messages.countQueued('a')).toBe(200)
  restored.close()
})

test('a migration that fails changes nothing', () => {
  createGood()
  const broken = [...migrations, 'CREATE TABLE later (x)', 'this is no SQL']
  expect(() => openDatabase({ ...options, migrations: broken })).toThrow(/syntax error/)
  const store = new Store(options)
  expect(store.messages.countQueued('a')).toBe(200)
  store.close()
})

test("a new database needs no backup, and is its owner's alone", () => {
  openDatabase(options).close()
  expect(readdirSync(folder)).not.toContain('backups')
  expect(statSync(options.file).mode & 0o777).toBe(0o600)
})
