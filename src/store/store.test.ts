import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Database } from './database.ts'
import { Store, type StoredEvent } from './index.ts'

const writer = fileURLToPath(new URL('../../test/fixtures/write-until-killed.ts', import.meta.url))

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'drover-store-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const openStore = (): Store =>
  new Store({
    file: path.join(folder, 'drover.db'),
    backupsFolder: path.join(folder, 'backups'),
    moveAsideCorrupt: false,
    report: () => undefined,
  })

const insert = (store: Store, id: string, body = 'text'): void =>
  store.messages.insert({
    id,
    agentId: 'a',
    sender: 'user',
    body,
    state: 'stored',
    cause: null,
    now: 1,
  })

/** Every event there is, page after page. */
function allEvents(store: Store, agent?: string): StoredEvent[] {
  const all: StoredEvent[] = []
  for (
    let page = store.events.after(0, agent);
    ;
    page = store.events.after(all.at(-1)?.seq ?? 0, agent)
  ) {
    all.push(...page.events)
    if (!page.hasMore) {
      return all
    }
  }
}

/** Runs the writer until it ends or has committed `count`, then kills it; all that it said. */
async function runWriter(
  argv: readonly [string, ...string[]],
  count = Infinity,
): Promise<string[]> {
  const [program, ...args] = argv
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (said.split('\n').length > count) {
      child.kill('SIGKILL')
    }
  })
  await once(child, 'close')
  return said.split('\n').slice(0, -1)
}

test('a sync resolves for all who ask, also while others commit, and after the log was folded in', async () => {
  const store = openStore()
  for (let round = 0; round < 20; round++) {
    const synced = Array.from({ length: 5 }, async (_, number) => {
      store.transaction('relaxed', () =>
        insert(store, `m${round}-${number}`, 'x'.repeat(2_000_000)),
      )
      await store.sync()
    })
    await Promise.all(synced)
  }
  expect(store.messages.listOfAgent('a', 1000)).toHaveLength(100)
  const late = store.sync()
  store.close()
  await late
})

describe('what was committed', () => {
  test.for(['durable', 'relaxed'])(
    'survives the death of the writer in the middle of its work (%s)',
    async (durability) => {
      for (const count of [1, 50, 333]) {
        rmSync(path.join(folder, 'drover.db'), { force: true })
        rmSync(path.join(folder, 'drover.db-wal'), { force: true })
        rmSync(path.join(folder, 'drover.db-shm'), { force: true })
        const reported = await runWriter(
          [process.execPath, writer, folder, durability, '500'],
          count,
        )
        const store = openStore()
        const found = store.messages.countQueued('a')
        expect(found).toBeGreaterThanOrEqual(reported.length)
        expect(reported.length).toBeGreaterThanOrEqual(count)
        // A message and its event are one transaction; both are there, or neither.
        expect(store.events.lastSeq).toBe(found)
        expect(allEvents(store).map(({ seq }) => seq)).toEqual(
          Array.from({ length: found }, (_, index) => index + 1),
        )
        store.close()
      }
    },
  )

  test('survives a disk that is full, and nothing is half there', async () => {
    // 512-byte blocks in POSIX sh: a megabyte for each file.
    const reported = await runWriter([
      '/bin/sh',
      '-c',
      'ulimit -f 2048; exec "$@"',
      'sh',
      process.execPath,
      writer,
      folder,
      'durable',
      '3000',
    ])
    const [word, code, queued, lastSeq] = reported.pop()?.split(' ') ?? []
    expect(word).toBe('failed')
    // SQLITE_FULL, or SQLITE_IOERR where the system has another word for it.
    expect([10, 13]).toContain(Number(code) & 0xff)
    expect(reported.length).toBeGreaterThan(10)
    expect([Number(queued), Number(lastSeq)]).toEqual([reported.length, reported.length])
    const store = openStore()
    expect(store.messages.countQueued('a')).toBe(reported.length)
    store.transaction('durable', () => insert(store, 'again'))
    expect(store.messages.get('again')?.body).toBe('text')
    store.close()
  })
})

describe('a transaction', () => {
  test('that throws leaves nothing, and nobody hears of its events', () => {
    const store = openStore()
    const heard: StoredEvent[] = []
    store.events.setListener((events) => heard.push(...events))
    expect(() =>
      store.transaction('durable', () => {
        insert(store, 'm1')
        store.events.append({ type: 'status', data: { n: 1 } }, 1)
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(store.messages.get('m1')).toBeUndefined()
    expect([heard, store.events.lastSeq]).toEqual([[], 0])
    store.transaction('durable', () => store.events.append({ type: 'status', data: { n: 2 } }, 2))
    expect(heard.map(({ seq, json }) => [seq, json])).toEqual([[1, '{"n":2}']])
    store.close()
  })

  test('inside another joins it', () => {
    const store = openStore()
    expect(() =>
      store.transaction('durable', () => {
        store.transaction('relaxed', () => insert(store, 'inner'))
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(store.messages.get('inner')).toBeUndefined()
    store.close()
  })

  test('that finds no room is undone, and the next one works once there is some', () => {
    const database = new Database(path.join(folder, 'small.db'))
    database.execute('CREATE TABLE t (body TEXT); PRAGMA max_page_count = 20')
    const write = (): number =>
      database.transaction('durable', () =>
        database.run('INSERT INTO t VALUES (?)', 'x'.repeat(10_000)),
      )
    let written = 0
    expect(() => {
      for (; written < 1000; written++) {
        write()
      }
    }).toThrow(/full/)
    expect(database.get<{ count: number }>('SELECT COUNT(*) AS count FROM t')?.count).toBe(written)
    database.execute('PRAGMA max_page_count = 1000')
    write()
    expect(database.get<{ count: number }>('SELECT COUNT(*) AS count FROM t')?.count).toBe(
      written + 1,
    )
    database.close()
  })
})

describe('events', () => {
  test('are numbered without a gap or a repeat, over restarts and after old ones are gone', () => {
    let store = openStore()
    for (let number = 1; number <= 30; number++) {
      store.transaction('relaxed', () =>
        store.events.append(
          { type: 'text', agent: number % 2 ? 'a' : 'b', data: { number } },
          number,
        ),
      )
      if (number % 10 === 0) {
        expect(store.events.prune(5, 100)).toBeGreaterThan(0)
        store.close()
        store = openStore()
        expect(store.events.lastSeq).toBe(number)
      }
    }
    expect(allEvents(store).map(({ seq }) => seq)).toEqual([26, 27, 28, 29, 30])
    expect(store.events.after(26, 'b').events.map(({ seq }) => seq)).toEqual([28, 30])
    expect(store.events.before(29, 'a').events.map(({ seq }) => seq)).toEqual([27])
    store.close()
  })

  test('come in pages that end after many events or much text, and together are all of them', () => {
    const store = openStore()
    store.transaction('relaxed', () => {
      for (let number = 1; number <= 1700; number++) {
        store.events.append(
          { type: 'text', data: { text: 'x'.repeat(number % 100 === 0 ? 900_000 : 10) } },
          number,
        )
      }
    })
    expect(store.events.after(0).hasMore).toBe(true)
    expect(allEvents(store).map(({ seq }) => seq)).toEqual(
      Array.from({ length: 1700 }, (_, index) => index + 1),
    )
    store.close()
  })

  test('are not numbered anew when all of them are gone', () => {
    let store = openStore()
    store.transaction('relaxed', () => store.events.append({ type: 'text', data: {} }, 1))
    store.events.prune(0, 10)
    store.close()
    store = openStore()
    expect(store.events.lastSeq).toBe(1)
    store.close()
  })
})

describe('rows', () => {
  test('of a run end once', () => {
    const store = openStore()
    store.runs.insert({
      id: 'r',
      agentId: 'a',
      runtime: 'fake',
      provider: 'chat',
      session: null,
      isResumed: false,
      isTerminal: false,
      isBegun: false,
      now: 1,
    })
    const end = { exitCode: 0, signal: null, cause: null, now: 2 }
    expect(store.runs.end('r', { status: 'exited', ...end })).toBe(true)
    expect(store.runs.end('r', { status: 'lost', ...end })).toBe(false)
    store.runs.setStopping('r', 'stop')
    expect(store.runs.get('r')?.status).toBe('exited')
    store.close()
  })

  test('of messages keep their order, and an input has a place for each', () => {
    const store = openStore()
    store.runs.insert({
      id: 'r',
      agentId: 'a',
      runtime: 'fake',
      provider: 'chat',
      session: null,
      isResumed: false,
      isTerminal: false,
      isBegun: false,
      now: 1,
    })
    for (const id of ['z', 'm', 'a']) {
      insert(store, id)
    }
    expect(store.messages.listQueued('a').map(({ id }) => id)).toEqual(['z', 'm', 'a'])
    expect([
      store.runs.reserveInput('r', 10),
      store.runs.reserveInput('r', 5),
      store.runs.reserveInput('r', 1),
    ]).toEqual([0, 10, 15])
    store.messages.assign('z', 'r', { offset: 0, input: null, entry: 'turn' })
    expect(store.messages.countOpen('r')).toEqual({ open: 1, unwritten: 1 })
    expect(store.messages.nextQueued('a')?.id).toBe('m')
    store.messages.unassign('z', 1)
    expect(store.messages.nextQueued('a')?.id).toBe('z')
    store.close()
  })

  test('of an agent add up what was measured, and stay unmeasured where nothing was', () => {
    const store = openStore()
    store.agents.insert({
      id: 'a',
      name: 'n',
      spec: '{}',
      template: null,
      wish: null,
      requestId: null,
      isEphemeral: false,
      firstSeq: 0,
      now: 1,
    })
    const turn = { agentId: 'a', agent: 'n', runId: 'r', day: '2026-11-21', model: null }
    const rest = { isEstimated: false, cachedInputTokens: null, reasoningTokens: null }
    const cost = { ...turn, ...rest, outputTokens: null, durationMs: null }
    store.costs.add({ ...cost, usd: null, inputTokens: 5 })
    store.costs.add({ ...cost, usd: 0.5, inputTokens: 7 })
    expect(store.agents.get('a')).toMatchObject({
      turns: 2,
      cost_usd: 0.5,
      turns_without_usd: 1,
      input_tokens: 12,
      output_tokens: null,
      turns_without_tokens: 2,
    })
    store.close()
  })

  test('of a home have the same identity for ever', () => {
    const first = openStore()
    const { instance } = first
    first.close()
    const second = openStore()
    expect(second.instance).toBe(instance)
    second.close()
  })
})
