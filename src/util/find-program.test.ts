import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { findProgram } from './find-program.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'drover-find-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const place = (name: string): string => path.join(folder, name)
for (const name of ['one', 'two', 'two/tool-folder']) {
  mkdirSync(place(name), { recursive: true })
}
for (const [name, mode] of [
  ['one/plain', 0o644],
  ['two/plain', 0o755],
  ['two/tool', 0o755],
  ['one/two words', 0o755],
] as const) {
  writeFileSync(place(name), '#!/bin/sh\n')
  chmodSync(place(name), mode)
}
const searchPath = `${place('none')}:${place('one')}:${place('two')}`

test.for([
  ['a name, in the first folder of PATH where it can be run', 'plain', 'two/plain'],
  ['a name with a space', 'two words', 'one/two words'],
  ['a path from the folder', './two/tool', 'two/tool'],
  ['a folder: no program', 'tool-folder', null],
  ['a name that is not there', 'nothing', null],
  ['an empty name', '', null],
  ['a path that is not there', './tool', null],
  ['a file that can not be run', './one/plain', null],
] as const)('%s', ([, name, expected]) => {
  expect(findProgram(name, { searchPath, folder })).toBe(expected && place(expected))
})

test('an absolute path is itself, and an empty part of PATH is the folder', () => {
  expect(findProgram(place('two/tool'), { searchPath: '', folder: '/' })).toBe(place('two/tool'))
  expect(findProgram('tool', { searchPath: '', folder: place('two') })).toBe(place('two/tool'))
})
