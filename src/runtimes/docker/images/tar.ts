import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'

/** Something of a tar; its name is relative, with `/`. */
export type TarEntry = { name: string; mode: number } & (
  | { kind: 'folder' }
  | { kind: 'link'; target: string }
  | { kind: 'text'; text: string }
  | { kind: 'file'; path: string; sizeBytes: number }
)

const blockBytes = 512

/** Times and owners say nothing of what is in it: the same content is the same tar. */
export function packTar(entries: Iterable<TarEntry>): Readable {
  return Readable.from(blocksOf(entries), { objectMode: false, highWaterMark: 1024 * 1024 })
}

async function* blocksOf(entries: Iterable<TarEntry>): AsyncGenerator<Buffer, void, undefined> {
  for (const entry of entries) {
    yield headOf(entry)
    if (entry.kind === 'text') {
      yield padded(Buffer.from(entry.text))
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
  yield Buffer.alloc(padOf(sizeBytes))
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc(padOf(content.length))])
}

function padOf(bytes: number): number {
  return (blockBytes - (bytes % blockBytes)) % blockBytes
}

/** What does not fit into a head of old goes before it, as records of pax. */
function headOf(entry: TarEntry): Buffer {
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
  const head = { name, link, mode: entry.mode, sizeBytes: Math.min(sizeBytes, largestBytes) }
  const own = ustar({ ...head, type: types[entry.kind] })
  if (records.length === 0) {
    return own
  }
  const text = Buffer.from(records.map(([key, value]) => paxRecord(key, value)).join(''))
  const pax = ustar({ name: 'pax', link: '', mode: 0o644, sizeBytes: text.length, type: 'x' })
  return Buffer.concat([pax, padded(text), own])
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

interface Head {
  name: string
  link: string
  mode: number
  sizeBytes: number
  type: string
}

function ustar({ name, link, mode, sizeBytes, type }: Head): Buffer {
  const block = Buffer.alloc(blockBytes)
  const octal = (value: number, width: number): string => value.toString(8).padStart(width - 1, '0')
  block.write(name.slice(0, 100), 0, 100)
  block.write(octal(mode & 0o7777, 8), 100)
  block.write(octal(0, 8), 108)
  block.write(octal(0, 8), 116)
  block.write(octal(sizeBytes, 12), 124)
  block.write(octal(0, 12), 136)
  block.write(' '.repeat(8), 148)
  block.write(type, 156)
  block.write(link.slice(0, 100), 157, 100)
  block.write('ustar\x0000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}
