import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { fileSize } from './file-size.ts'
import { createPrivateFolder, writePrivateFile } from './private-file.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'drover-private-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test("a private file is its owner's alone, and so are the folders made for it", () => {
  const file = path.join(folder, 'deep', 'er', 'token')
  writePrivateFile(file, 'one')
  writePrivateFile(file, 'two')
  expect(readFileSync(file, 'utf8')).toBe('two')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(statSync(path.dirname(file)).mode & 0o777).toBe(0o700)
  expect(readdirSync(path.dirname(file))).toEqual(['token'])
})

test('a write that fails leaves nothing beside the file', () => {
  const place = path.join(folder, 'taken')
  createPrivateFolder(place)
  mkdirSync(path.join(place, 'file'))
  expect(() => writePrivateFile(path.join(place, 'file'), 'text')).toThrow()
  expect(readdirSync(place)).toEqual(['file'])
})

test('a file that is not there has no size', () => {
  expect(fileSize(path.join(folder, 'nothing'))).toBe(0)
})

test('a draft that a crash left is taken by the next write', () => {
  const place = path.join(folder, 'crashed')
  createPrivateFolder(place)
  writeFileSync(path.join(place, 'file.new'), 'much more than what comes next', { mode: 0o600 })
  writePrivateFile(path.join(place, 'file'), 'next')
  expect(readFileSync(path.join(place, 'file'), 'utf8')).toBe('next')
  expect(readdirSync(place)).toEqual(['file'])
})
