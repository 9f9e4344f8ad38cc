import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Database } from './database.ts'
import { Store } from './index.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'drover-home-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = (): string => path.join(folder, 'drover.db')
const openStore = (): Store =>
  new Store({
    file: file(),
    backupsFolder: folder,
    moveAsideCorrupt: false,
    report: () => undefined,
  })

function append(store: Store): number {
  store.transaction('relaxed', () => store.events.append({ type: 'status', data: {} }, 1))
  return store.events.lastSeq
}

test('the identity of a home outlives its database', () => {
  const first = openStore()
  const { instance } = first
  first.close()
  expect(readFileSync(path.join(folder, 'instance'), 'utf8')).toBe(`${instance}\n`)
  rmSync(file())
  const second = openStore()
  expect(second.instance).toBe(instance)
  second.close()
})

test('numbers of events go on after a stop, and after a death of the daemon', () => {
  const first = openStore()
  expect(append(first)).toBe(1)
  first.close()
  const second = openStore()
  expect(append(second)).toBe(2)
  // No close: as after kill -9, under the same boot.
  const third = openStore()
  expect(append(third)).toBe(3)
  third.close()
  second.close()
})

test('numbers that may have been lost with the machine are not given again', () => {
  const first = openStore()
  append(first)
  first.close()
  const machine = new Database(file())
  machine.run(`INSERT OR REPLACE INTO home (key, value) VALUES ('boot', 'another boot')`)
  machine.close()
  const second = openStore()
  expect(append(second)).toBeGreaterThan(1_000_000)
  second.close()
})
