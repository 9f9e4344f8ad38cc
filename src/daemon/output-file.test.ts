import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { OutputFile } from './output-file.ts'
import { punchHole } from './punch-hole.ts'

describe('an output that a program replaced', () => {
  test.each(['a link', 'a folder', 'a pipe'])(
    'by %s is not read, and is again once it is a file',
    (what) => {
      using folder = temporaryFolder()
      const secret = path.join(folder.path, 'secret')
      const out = path.join(folder.path, 'out')
      writeFileSync(secret, 'secret\n')
      if (what === 'a link') {
        symlinkSync(secret, out)
      } else if (what === 'a folder') {
        mkdirSync(out)
      } else {
        execFileSync('mkfifo', [out])
      }
      const file = new OutputFile(out, 0)
      expect(file.read(true)).toBeNull()
      expect(file.isReplaced).toBe(true)
      rmSync(out, { recursive: true })
      writeFileSync(out, 'said\n')
      expect(file.read(false)).toMatchObject({ lines: ['said'] })
      expect(file.isReplaced).toBe(false)
      file.close()
    },
  )
})

describe('a transcript', () => {
  test('is read only where it really is inside the folders that it may be in', () => {
    using folder = temporaryFolder()
    using machine = temporaryFolder()
    const secret = path.join(machine.path, 'session.jsonl')
    writeFileSync(secret, 'secret\n')
    const own = path.join(folder.path, 'own')
    const projects = path.join(own, 'projects')
    mkdirSync(projects, { recursive: true })
    const transcript = path.join(projects, 'session.jsonl')
    const read = (within: readonly string[] | null, name = transcript): string[] | undefined => {
      const file = new OutputFile(name, 0, within)
      try {
        return file.read(true)?.lines.map(String)
      } finally {
        file.close()
      }
    }
    writeFileSync(transcript, 'said\n')
    expect(read([own])).toEqual(['said'])
    expect(read([machine.path, own])).toEqual(['said'])
    expect(read([path.join(folder.path, 'ow')])).toBeUndefined()
    // The program says itself where it is.
    expect(read([own], secret)).toBeUndefined()
    expect(
      read([own], path.join(own, '..', '..', path.basename(machine.path), 'session.jsonl')),
    ).toBeUndefined()
    unlinkSync(transcript)
    symlinkSync(secret, transcript)
    expect(read([own])).toBeUndefined()
    renameSync(projects, `${projects}.old`)
    symlinkSync(machine.path, projects)
    expect(read([own])).toBeUndefined()
    expect(read(null)).toEqual(['secret'])
  })
})

describe('what retention frees', () => {
  test('is never of another file', async () => {
    using folder = temporaryFolder()
    const other = path.join(folder.path, 'other')
    writeFileSync(other, Buffer.alloc(1024 * 1024, 'x'))
    const before = statSync(other).blocks
    const out = path.join(folder.path, 'out')
    symlinkSync(other, out)
    const { signal } = new AbortController()
    await expect(punchHole(out, 512 * 1024, signal)).rejects.toThrow('no plain file')
    expect(statSync(other).blocks).toBe(before)
    unlinkSync(out)
    renameSync(other, out)
    await punchHole(out, 512 * 1024, signal)
    expect(statSync(out)).toMatchObject({ size: 1024 * 1024 })
    expect(statSync(out).blocks).toBeLessThan(before)
  })
})
