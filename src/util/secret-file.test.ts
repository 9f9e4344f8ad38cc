import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { readSecret } from './secret-file.ts'

test('a secret is made once, for its owner alone, and is another in every file', () => {
  using folder = temporaryFolder()
  const file = path.join(folder.path, 'home', 'secret')
  const secret = readSecret(file)
  expect(secret).toMatch(/^[\w-]{43}$/)
  expect(readSecret(file)).toBe(secret)
  expect(readFileSync(file, 'utf8')).toBe(`${secret}\n`)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readSecret(`${file}-2`)).not.toBe(secret)
})

test('a file that others could read is closed to them, and an empty one is filled', () => {
  using folder = temporaryFolder()
  const file = path.join(folder.path, 'secret')
  writeFileSync(file, 'chosen by a person\n')
  chmodSync(file, 0o644)
  expect(readSecret(file)).toBe('chosen by a person')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  writeFileSync(file, '')
  expect(readSecret(file)).toMatch(/^[\w-]{43}$/)
})

test('a file that can not be read is told of, never made anew', () => {
  using folder = temporaryFolder()
  expect(() => readSecret(folder.path)).toThrow('EISDIR')
})
