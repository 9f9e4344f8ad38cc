import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { waitUntil } from '../util/wait.ts'
import { runFiles } from './run-folder.ts'
import { SpareFolders } from './spare-folders.ts'

const deadlineMs = 20_000

let folder: string
let spares: SpareFolders
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'drover-folders-'))
  spares = new SpareFolders(path.join(folder, 'spares'))
})
afterEach(async () => {
  await spares.close()
  rmSync(folder, { recursive: true, force: true })
})

const modeOf = (file: string): number => statSync(file).mode & 0o777

function expectEmptyRecord(run: string): void {
  const files = runFiles(run)
  expect(modeOf(run)).toBe(0o700)
  for (const file of [files.in, files.out, files.err]) {
    expect([statSync(file).size, modeOf(file)]).toEqual([0, 0o600])
  }
}

test('the first folder is made, later ones were there already, with a bell', async () => {
  const [first, second] = [path.join(folder, 'first'), path.join(folder, 'second')]
  spares.create(first)
  expectEmptyRecord(first)
  expect(existsSync(runFiles(first).bell)).toBe(false)
  expect(await waitUntil(() => spares.size > 0, { deadlineMs })).toBe(true)
  const waiting = spares.size
  spares.create(second)
  expect(spares.size).toBe(waiting - 1)
  expectEmptyRecord(second)
  const { bell } = runFiles(second)
  expect([statSync(bell).isFIFO(), modeOf(bell)]).toEqual([true, 0o600])
})

test('a folder that is there keeps what it holds', async () => {
  spares.create(path.join(folder, 'first'))
  expect(await waitUntil(() => spares.size > 0, { deadlineMs })).toBe(true)
  const run = path.join(folder, 'run')
  mkdirSync(run, { mode: 0o700 })
  writeFileSync(runFiles(run).out, 'said')
  const waiting = spares.size
  spares.create(run)
  expect(spares.size).toBe(waiting)
  expect(statSync(runFiles(run).out).size).toBe(4)
  expect(existsSync(runFiles(run).in)).toBe(true)
})

test('where a spare can not be had the folder is made, also when they were taken away', async () => {
  spares.create(path.join(folder, 'first'))
  expect(await waitUntil(() => spares.size > 0, { deadlineMs })).toBe(true)
  rmSync(path.join(folder, 'spares'), { recursive: true })
  const run = path.join(folder, 'run')
  spares.create(run)
  expectEmptyRecord(run)
})

test('what a process left that died is removed, and all of them at a close', async () => {
  mkdirSync(path.join(folder, 'spares', 'old'), { recursive: true })
  spares.create(path.join(folder, 'first'))
  expect(await waitUntil(() => spares.size > 0, { deadlineMs })).toBe(true)
  expect(readdirSync(path.join(folder, 'spares'))).not.toContain('old')
  await spares.close()
  expect(existsSync(path.join(folder, 'spares'))).toBe(false)
})

test('those that are being made when it closes go too', async () => {
  const place = path.join(folder, 'spares')
  for (let count = 0; count < 5; count++) {
    spares = new SpareFolders(place)
    spares.create(path.join(folder, `run-${count}`))
    expect(await waitUntil(() => existsSync(path.join(place, '1')), { deadlineMs })).toBe(true)
    await spares.close()
    expect(existsSync(place)).toBe(false)
  }
})
