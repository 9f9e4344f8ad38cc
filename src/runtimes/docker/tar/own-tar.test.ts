import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { createTemporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { ownTar } from './own-tar.ts'

const owner = { uid: 1234, gid: 3_000_000 }

async function pack(format: string, ...options: string[]): Promise<Buffer> {
  const folder = createTemporaryFolder()
  mkdirSync(path.join(folder, 'deep'))
  writeFileSync(path.join(folder, 'deep', `${'é'.repeat(90)}.txt`), 'x'.repeat(1000))
  writeFileSync(path.join(folder, 'empty'), '')
  const argv = ['-c', `--format=${format}`, ...options, '-C', folder, '-f', '-', '.']
  const { stdout } = await promisify(execFile)('tar', argv, { encoding: 'buffer' })
  return stdout
}

/** In pieces of an odd size, as a network may give them. */
async function* inPieces(tar: Buffer, bytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < tar.length; at += bytes) {
    yield tar.subarray(at, at + bytes)
  }
}

async function own(tar: Buffer, bytes = 700): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of ownTar(inPieces(tar, bytes), owner)) {
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

async function list(tar: Buffer): Promise<string[]> {
  const file = path.join(createTemporaryFolder(), 'tar')
  writeFileSync(file, tar)
  const { stdout } = await promisify(execFile)('tar', ['-tvf', file, '--numeric-owner'])
  return stdout.trim().split('\n')
}

test.for([
  ['gnu'],
  ['ustar', '--transform=s/é.*txt/short.txt/'],
  ['pax'],
  // Too large for the header: the attributes have them, and come before it.
  ['pax', '--owner=:3000001', '--group=:3000002'],
  ['pax', '--owner=somebody:77', '--group=others:88'],
] as const)(
  'gives all of a tar of format %s to one owner, and changes nothing else',
  async ([format, ...options]) => {
    const tar = await pack(format, ...options)
    const [before, after] = await Promise.all([list(tar), list(await own(tar))])
    const withoutOwner = (line: string): string => line.replace(/ \d+\/\d+ +/, ' ')
    expect(after.map(withoutOwner)).toEqual(before.map(withoutOwner))
    expect(after.every((line) => line.includes(' 1234/3000000 '))).toBe(true)
    expect(after).toHaveLength(4)
  },
)

test('takes a tar in pieces of any size', async () => {
  const tar = await pack('pax')
  const whole = await own(tar, tar.length)
  for (const bytes of [1, 511, 512, 513]) {
    expect((await own(tar, bytes)).equals(whole)).toBe(true)
  }
})

test('takes the length of a file from its attributes, where the header has none', async () => {
  const tar = await pack('pax', '--pax-option=size:=1000')
  const owned = await own(tar)
  expect(await list(owned)).toHaveLength(4)
})

test('refuses what is cut off, and what is no tar', async () => {
  const tar = await pack('gnu')
  for (const wrong of [tar.subarray(0, 1500), tar.subarray(0, 0), Buffer.alloc(4096, 'x')]) {
    await expect(own(wrong)).rejects.toMatchObject({ code: 'invalid_request' })
  }
})
