import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { confineForReading, confineForWriting } from './confine-path.ts'
import { readFileInside, writeFileInside } from './file-tools.ts'
import { appendMemory } from './memory.ts'

let root: string
let folder: string
beforeEach(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'drover-confine-')))
  folder = path.join(root, 'in')
  mkdirSync(folder)
  mkdirSync(path.join(root, 'out'))
  writeFileSync(path.join(root, 'out', 'secret'), 'secret')
  writeFileSync(path.join(folder, 'own'), 'own')
  symlinkSync(path.join(root, 'out'), path.join(folder, 'way-out'))
  symlinkSync(path.join(root, 'out', 'nothing-yet'), path.join(folder, 'dangling'))
})
afterEach(() => rmSync(root, { recursive: true }))

describe('paths stay in the folder', () => {
  test.each([
    '../out/secret',
    '/etc/passwd',
    'way-out/secret',
    'a/../../out/secret',
    '../in-other/x',
  ])('%s can be neither read nor written', (name) => {
    expect(() => confineForReading(folder, name)).toThrow(/outside/)
    expect(() => confineForWriting(folder, name)).toThrow(/outside/)
  })

  test('a new file below a link that leads out is refused, and nothing is made there', () => {
    expect(() => writeFileInside(folder, 'way-out/deep/new', 'x')).toThrow(/outside/)
    expect(existsSync(path.join(root, 'out', 'deep'))).toBe(false)
  })

  test('a link to nothing outside is not written through, nor appended through', () => {
    expect(() => writeFileInside(folder, 'dangling', 'x')).toThrow()
    expect(() =>
      appendMemory({ file: path.join(folder, 'dangling'), isInFolder: true }, folder, 'x'),
    ).toThrow()
    expect(existsSync(path.join(root, 'out', 'nothing-yet'))).toBe(false)
  })

  test('files inside are read and written, folders made, names with dots allowed', () => {
    expect(readFileInside(folder, 'own')).toBe('own')
    expect(readFileInside(folder, path.join(folder, 'own'))).toBe('own')
    writeFileInside(folder, 'a/b/..c', 'new')
    expect(readFileInside(folder, 'a/b/..c')).toBe('new')
  })

  test('a folder reached through a link works as itself', () => {
    symlinkSync(folder, path.join(root, 'alias'))
    expect(readFileInside(path.join(root, 'alias'), 'own')).toBe('own')
    expect(readFileInside(path.join(root, 'alias'), path.join(folder, 'own'))).toBe('own')
  })
})

test('a folder is not a file, and a large file is cut with a note', () => {
  expect(() => readFileInside(folder, '.')).toThrow('not a file')
  writeFileSync(path.join(folder, 'large'), 'x'.repeat(100_000))
  expect(readFileInside(folder, 'large')).toMatch(/x\n\[cut: the file has 100000 bytes\]$/)
})
