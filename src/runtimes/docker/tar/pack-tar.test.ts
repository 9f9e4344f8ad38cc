import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTemporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { packTar, type TarEntry } from './pack-tar.ts'

let folder: string
beforeEach(() => {
  folder = createTemporaryFolder()
  mkdirSync(path.join(folder, 'out'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** What the system's own tar makes of it. */
async function unpack(entries: readonly TarEntry[]): Promise<(name: string) => string> {
  const out = path.join(folder, 'out')
  execFileSync('tar', ['-xpf', '-', '-C', out], { input: await buffer(packTar(entries)) })
  return (name) => path.join(out, name)
}

describe('a tar', () => {
  it('has files, texts, folders and links, with their modes', async () => {
    const source = path.join(folder, 'source')
    writeFileSync(source, 'x'.repeat(100_000))
    const at = await unpack([
      { kind: 'folder', name: 'bin', mode: 0o750 },
      { kind: 'file', name: 'bin/run', mode: 0o755, path: source, sizeBytes: 100_000 },
      { kind: 'text', name: 'Dockerfile', mode: 0o644, text: 'FROM scratch\n' },
      { kind: 'link', name: 'link', mode: 0o777, target: '../elsewhere' },
      { kind: 'text', name: 'empty', mode: 0o600, text: '' },
    ])
    expect(readFileSync(at('bin/run'), 'utf8')).toBe('x'.repeat(100_000))
    expect(lstatSync(at('bin/run')).mode & 0o777).toBe(0o755)
    expect(lstatSync(at('bin')).mode & 0o777).toBe(0o750)
    expect(readFileSync(at('Dockerfile'), 'utf8')).toBe('FROM scratch\n')
    expect(readlinkSync(at('link'))).toBe('../elsewhere')
    expect(readFileSync(at('empty'), 'utf8')).toBe('')
  })

  it.each([
    ['of 100 bytes', 'n'.repeat(100)],
    ['of 101 bytes', 'n'.repeat(101)],
    ['that are long', `${'deep/'.repeat(60)}file`],
    ['of other letters', 'Größe 猫 🐈 "x" \'y\''],
  ])('has names %s', async (_, name) => {
    const at = await unpack([
      { kind: 'text', name, mode: 0o644, text: 'found' },
      { kind: 'link', name: 'link', mode: 0o777, target: name },
    ])
    expect(readFileSync(at(name), 'utf8')).toBe('found')
    expect(readlinkSync(at('link'))).toBe(name)
  })

  it('stays whole when a file grows or shrinks meanwhile', async () => {
    const grown = path.join(folder, 'grown')
    const shrunk = path.join(folder, 'shrunk')
    writeFileSync(grown, 'as it was')
    appendFileSync(grown, ' and more')
    writeFileSync(shrunk, 'x')
    const at = await unpack([
      { kind: 'file', name: 'grown', mode: 0o644, path: grown, sizeBytes: 9 },
      { kind: 'file', name: 'shrunk', mode: 0o644, path: shrunk, sizeBytes: 3000 },
      { kind: 'text', name: 'last', mode: 0o644, text: 'the end' },
    ])
    expect(readFileSync(at('grown'), 'utf8')).toBe('as it was')
    expect(readFileSync(at('shrunk')).length).toBe(3000)
    expect(readFileSync(at('last'), 'utf8')).toBe('the end')
  })
})
