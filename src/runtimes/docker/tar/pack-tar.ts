import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { blockBytes, makeHeader, padded, type TarOwner } from './tar-header.ts'

/** Something of a tar; its name is relative, with `/`. */
export type TarEntry = { name: string; mode: number } & (
  | { kind: 'folder' }
  | { kind: 'link'; target: string }
  | { kind: 'text'; text: string }
  | { kind: 'file'; path: string; sizeBytes: number }
)

/** What all in a tar has in common. */
export interface TarStamp {
  owner: TarOwner
  /** Since 1970, seconds. */
  modifiedAt: number
}

/** Says nothing of what is in it: the same content is the same tar. */
const noStamp: TarStamp = { owner: { uid: 0, gid: 0 }, modifiedAt: 0 }

export function packTar(entries: Iterable<TarEntry>, stamp = noStamp): Readable {
  return Readable.from(blocksOf(entries, stamp), { objectMode: false, highWaterMark: 1024 * 1024 })
}

async function* blocksOf(
  entries: Iterable<TarEntry>,
  stamp: TarStamp,
): AsyncGenerator<Buffer, void, undefined> {
  for (const entry of entries) {
    yield headOf(entry, stamp)
    if (entry.kind === 'text') {
      yield filled(Buffer.from(entry.text))
    } else if (entry.kind === 'file') {
      yield* contentOf(entry.path, entry.sizeBytes)
    }
  }
  yield Buffer.alloc(2 * blockBytes)
}

/** Exactly as much as the head said: a file that grew is cut, one that shrank is filled up. */
async function* contentOf(
  file: string,
  sizeBytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  let left = sizeBytes
  if (left > 0) {
    for await (const chunk of createReadStream(file, {
      end: sizeBytes - 1,
      highWaterMark: 256 * 1024,
    })) {
      left -= (chunk as Buffer).length
      yield chunk as Buffer
    }
  }
  const missing = Buffer.alloc(Math.min(left, 1024 * 1024))
  for (; left > 0; left -= missing.length) {
    yield missing.subarray(0, left)
  }
  yield Buffer.alloc(padded(sizeBytes) - sizeBytes)
}

function filled(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc(padded(content.length) - content.length)])
}

/** What does not fit into a head of old goes before it, as records of pax. */
function headOf(entry: TarEntry, stamp: TarStamp): Buffer {
  const name = entry.kind === 'folder' ? `${entry.name}/` : entry.name
  const link = entry.kind === 'link' ? entry.target : ''
  const sizeBytes = sizeOf(entry)
  const records: [string, string][] = []
  if (!fits(name)) {
    records.push(['path', name])
  }
  if (!fits(link)) {
    records.push(['linkpath', link])
  }
  if (sizeBytes > largestBytes) {
    records.push(['size', String(sizeBytes)])
  }
  const own = makeHeader({
    ...stamp,
    name,
    link,
    mode: entry.mode,
    sizeBytes: Math.min(sizeBytes, largestBytes),
    type: types[entry.kind],
  })
  if (records.length === 0) {
    return own
  }
  const text = Buffer.from(records.map(([key, value]) => paxRecord(key, value)).join(''))
  const about = { name: 'pax', link: '', mode: 0o644, sizeBytes: text.length, type: 'x' }
  return Buffer.concat([makeHeader({ ...stamp, ...about }), filled(text), own])
}

const types = { file: '0', text: '0', link: '2', folder: '5' } as const

/** Eight gigabytes less one: eleven octal digits. */
const largestBytes = 0o77777777777

function sizeOf(entry: TarEntry): number {
  return entry.kind === 'text'
    ? Buffer.byteLength(entry.text)
    : entry.kind === 'file'
      ? entry.sizeBytes
      : 0
}

function fits(text: string): boolean {
  return Buffer.byteLength(text) <= 100 && /^[\x20-\x7e]*$/.test(text)
}

/** A length that counts its own digits. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  const bytes = Buffer.byteLength(rest)
  const digits = String(bytes + String(bytes).length).length
  return `${bytes + digits}${rest}`
}
