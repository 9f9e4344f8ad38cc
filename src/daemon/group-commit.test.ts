import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DroverError } from '../schema/error.ts'
import { Store } from '../store/index.ts'
import { GroupCommit } from './group-commit.ts'

let folder: string
let store: Store
let transactions: number
/** The disk is done once this is resolved. */
let disk: PromiseWithResolvers<void>
let commits: GroupCommit
let begun: string[]

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'drover-commit-'))
  store = new Store({
    file: path.join(folder, 'drover.db'),
    backupsFolder: path.join(folder, 'backups'),
    moveAsideCorrupt: false,
    report: () => undefined,
  })
  transactions = 0
  disk = Promise.withResolvers()
  begun = []
  commits = new GroupCommit({
    transaction: (durability, work) => {
      transactions++
      return store.transaction(durability, work)
    },
    sync: async () => {
      await disk.promise
      await store.sync()
    },
  })
})
afterEach(() => {
  store.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Puts a message down, and says its id; fails with the error after it wrote. */
function put(id: string, error?: Error): Promise<string> {
  const work = (): string => {
    if (error instanceof DroverError) {
      throw error
    }
    store.messages.insert({
      id,
      agentId: 'a',
      sender: 'user',
      body: 'text',
      state: 'stored',
      cause: null,
      now: 1,
    })
    if (error) {
      throw error
    }
    return id
  }
  return commits.run(work, (value) => begun.push(value))
}

const stored = (): string[] => store.messages.listOfAgent('a', 1000).map(({ id }) => id)

test('what comes together is one transaction, begins when it is committed, and is answered when it is on disk', async () => {
  const answered: string[] = []
  const all = ['one', 'two', 'three'].map(async (id) => answered.push(await put(id)))
  expect(stored()).toEqual([])
  await setImmediate()
  expect(stored()).toEqual(['one', 'two', 'three'])
  expect(transactions).toBe(1)
  expect(begun).toEqual(['one', 'two', 'three'])
  await setImmediate()
  expect(answered).toEqual([])
  disk.resolve()
  await Promise.all(all)
  expect(answered).toEqual(['one', 'two', 'three'])
})

test('more than fit into one transaction are taken in order, too', async () => {
  disk.resolve()
  const ids = Array.from({ length: 250 }, (_, number) => `m${number}`)
  expect(await Promise.all(ids.map(async (id) => await put(id)))).toEqual(ids)
  expect(stored()).toEqual(ids)
  expect(transactions).toBe(3)
})

test('who is refused is told at once; the others do not notice', async () => {
  const refusal = new DroverError('queue_full', 'It is full.')
  const [first, refused, last] = [put('first'), put('refused', refusal), put('last')]
  await expect(refused).rejects.toBe(refusal)
  disk.resolve()
  expect(await Promise.all([first, last])).toEqual(['first', 'last'])
  expect(stored()).toEqual(['first', 'last'])
  expect(transactions).toBe(1)
})

test('what fails after it wrote is undone, and the others are committed without it', async () => {
  const error = new Error('something else')
  disk.resolve()
  const [first, failed, last] = [put('first'), put('failed', error), put('last')]
  await expect(failed).rejects.toBe(error)
  expect(await Promise.all([first, last])).toEqual(['first', 'last'])
  expect(stored()).toEqual(['first', 'last'])
  expect(begun).toEqual(['first', 'last'])
  await expect(put('failed', error)).rejects.toBe(error)
  expect(stored()).toEqual(['first', 'last'])
})

test('a disk that fails is an error of who waits for it', async () => {
  const waiting = put('one')
  const failed = expect(waiting).rejects.toThrow('the disk is gone')
  await setImmediate()
  disk.reject(new Error('the disk is gone'))
  await failed
})
