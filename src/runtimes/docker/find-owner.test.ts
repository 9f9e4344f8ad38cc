import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import type { Engine } from './engine/engine.ts'
import { findOwner } from './find-owner.ts'
import { packTar } from './tar/pack-tar.ts'

const lists: Record<string, string> = {
  '/etc/passwd': 'root:x:0:0::/root:/bin/sh\nnode:x:1000:1001::/home/node:/bin/sh\n',
  '/etc/group': 'root:x:0:\nstaff:x:50:\n',
}

/** Containers with these two files and nothing else. */
const engine = {
  getArchive: async (_: string, file: string) => {
    const text = lists[file] ?? ''
    const tar = await buffer(packTar([{ kind: 'text', name: 'list', mode: 0o644, text }]))
    return { tar: Readable.from([tar]), stat: { sizeBytes: text.length } }
  },
} as unknown as Engine

test.each([
  ['', { uid: 0, gid: 0 }],
  ['7:8', { uid: 7, gid: 8 }],
  ['7', { uid: 7, gid: 0 }],
  ['1000', { uid: 1000, gid: 1001 }],
  ['node', { uid: 1000, gid: 1001 }],
  ['node:50', { uid: 1000, gid: 50 }],
  ['node:staff', { uid: 1000, gid: 50 }],
  ['nobody', null],
])('the user %j of a container is %j there', async (user, owner) => {
  const signal = AbortSignal.timeout(5000)
  expect(await findOwner(engine, { container: 'any', user }, signal)).toEqual(owner)
})
