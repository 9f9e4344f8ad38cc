import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTemporaryFolder } from '../../../test/support/temporary-folder.ts'
import type { GroupBase } from './cgroup.ts'
import { createGroup, groupFolder } from './limit-group.ts'

const limitFiles = ['memory.max', 'memory.swap.max', 'memory.oom.group', 'cpu.max', 'pids.max']
const run = { id: 'run_1', instance: 'home_1', folder: '/nowhere' }

let folder: string
let base: GroupBase
let group: string
beforeEach(() => {
  folder = createTemporaryFolder()
  base = { folder, path: '/', isRoot: true, controllers: ['cpu', 'memory', 'pids'] }
  group = groupFolder(base, run)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** The kernel makes a group's files with the group; here they are there before. */
function makeFiles(files: readonly string[] = limitFiles): void {
  mkdirSync(group, { recursive: true })
  for (const each of [folder, path.dirname(group)]) {
    writeFileSync(path.join(each, 'cgroup.subtree_control'), '')
  }
  for (const file of files) {
    writeFileSync(path.join(group, file), '')
  }
}
const read = (file: string): string => readFileSync(path.join(group, file), 'utf8')
const enabled = (each: string): string =>
  readFileSync(path.join(each, 'cgroup.subtree_control'), 'utf8')

test("a run's group is named after its home and itself", () => {
  expect(group).toBe(path.join(folder, 'drover-home_1', 'run_1'))
})

test('a group has its limits, and those above it give it the controllers', async () => {
  makeFiles()
  const limits = { memoryBytes: 512 * 1024 ** 2, cpus: 1.5, pids: 100 }
  await createGroup(base, group, limits)
  await createGroup(base, group, limits)
  expect(Object.fromEntries(limitFiles.map((file) => [file, read(file)]))).toEqual({
    'memory.max': '536870912',
    'memory.swap.max': '0',
    'memory.oom.group': '1',
    'cpu.max': '150000 100000',
    'pids.max': '100',
  })
  expect([enabled(folder), enabled(path.dirname(group))]).toEqual([
    '+memory +cpu +pids',
    '+memory +cpu +pids',
  ])
})

test('a group has only the limits that were asked for', async () => {
  makeFiles()
  await createGroup(base, group, { cpus: 0.01 })
  expect(read('cpu.max')).toBe('1000 100000')
  expect([read('memory.max'), read('pids.max')]).toEqual(['', ''])
  expect(enabled(folder)).toBe('+cpu')
})

test('a system without swap has no file for it', async () => {
  makeFiles(['memory.max', 'memory.oom.group'])
  await createGroup(base, group, { memoryBytes: 4096 * 1024 })
  expect(read('memory.max')).toBe('4194304')
})

test('a limit whose file is not there is an error, and makes no file', async () => {
  makeFiles(['memory.max'])
  await expect(createGroup(base, group, { pids: 5 })).rejects.toThrow('pids.max')
  expect(() => read('pids.max')).toThrow('ENOENT')
})
