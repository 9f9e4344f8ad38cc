import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import {
  NotPlainError,
  openPipe,
  openPlainFile,
  openPlainHandle,
  readPlainFile,
  writePlainFile,
} from './plain-file.ts'

const modes = ['read', 'append', 'replace', 'change'] as const

/** What stands where a file should be, by what it is. */
const others = {
  'a link to a file': (file: string, other: string) => symlinkSync(other, file),
  'a link to nothing': (file: string, other: string) => symlinkSync(`${other}.not`, file),
  'a folder': (file: string) => mkdirSync(file),
  'a link to a device': (file: string) => symlinkSync('/dev/zero', file),
}

describe('a plain file', () => {
  test('is made private, written, added to, and read up to a bound', () => {
    using folder = temporaryFolder()
    const file = path.join(folder.path, 'file')
    writePlainFile(file, 'one')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    writePlainFile(file, ' two', 'append')
    expect(readPlainFile(file)).toBe('one two')
    expect(readPlainFile(file, 3)).toBe('one')
    writePlainFile(file, 'x')
    expect(readPlainFile(file)).toBe('x')
    expect(() => writePlainFile(file, 'y', 'create')).toThrow('EEXIST')
    expect(readPlainFile(file)).toBe('x')
    expect(() => readPlainFile(`${file}.not`)).toThrow('ENOENT')
  })

  test.each(Object.entries(others))('is never %s', async (_, put) => {
    using folder = temporaryFolder()
    const other = path.join(folder.path, 'other')
    writeFileSync(other, 'secret')
    const file = path.join(folder.path, 'file')
    put(file, other)
    for (const mode of modes) {
      expect(() => openPlainFile(file, mode)).toThrow(NotPlainError)
    }
    expect(() => writePlainFile(file, 'x', 'create')).toThrow()
    expect(() => openPipe(file)).toThrow(NotPlainError)
    await expect(openPlainHandle(file)).rejects.toThrow(NotPlainError)
    expect(readFileSync(other, 'utf8')).toBe('secret')
    expect(existsSync(`${other}.not`)).toBe(false)
  })

  test('is never a pipe, and nobody waits for its other end', async () => {
    using folder = temporaryFolder()
    const file = path.join(folder.path, 'pipe')
    execFileSync('mkfifo', [file])
    expect(() => openPlainFile(file, 'read')).toThrow(NotPlainError)
    expect(() => openPlainFile(file, 'change')).toThrow(NotPlainError)
    expect(() => openPlainFile(file, 'append')).toThrow(NotPlainError)
    await expect(openPlainHandle(file)).rejects.toThrow(NotPlainError)
  })
})

describe('a pipe', () => {
  test('is opened only while somebody reads it, and only where it is one', () => {
    using folder = temporaryFolder()
    const file = path.join(folder.path, 'pipe')
    execFileSync('mkfifo', [file])
    expect(() => openPipe(file)).toThrow('ENXIO')
    const plain = path.join(folder.path, 'plain')
    writeFileSync(plain, 'kept')
    expect(() => openPipe(plain)).toThrow(NotPlainError)
    expect(readFileSync(plain, 'utf8')).toBe('kept')
    symlinkSync(file, `${file}.link`)
    expect(() => openPipe(`${file}.link`)).toThrow(NotPlainError)
    closeSync(openPlainFile(plain, 'read').descriptor)
  })
})
