import { DroverError } from '../../../schema/error.ts'
import {
  blockBytes,
  checkHeader,
  contentBytes,
  isEnd,
  notTar,
  padded,
  setLength,
  setOwner,
  typeOf,
  type TarOwner,
} from './tar-header.ts'

/** More is no list of attributes, bytes. */
const mostAttributeBytes = 1024 * 1024

/** Attributes that say who owns a file; they come before a header's numbers. */
const ownerAttributes = new Set(['uid', 'gid', 'uname', 'gname'])

/**
 * The same tar with everything in it owned by one. It is read as it comes and never held. Errors:
 * `invalid_request` for what is no tar, or is not whole.
 */
export async function* ownTar(
  source: AsyncIterable<Buffer>,
  owner: TarOwner,
): AsyncGenerator<Buffer, void, undefined> {
  const input = new TarInput(source)
  /** What an attribute said of the length of the next file. */
  let length: number | null = null
  for (;;) {
    const header = Buffer.from(await input.read(blockBytes))
    if (isEnd(header)) {
      yield header
      yield* input.rest()
      return
    }
    checkHeader(header)
    const type = typeOf(header)
    if (type === 'S') {
      throw new DroverError('invalid_request', 'tar: files with holes can not be taken.', {
        details: { field: 'tar' },
      })
    }
    const isOfNext = 'xgLK'.includes(type)
    const bytes: number = (isOfNext ? null : length) ?? contentBytes(header)
    setOwner(header, owner)
    if (type === 'x' || type === 'g') {
      if (bytes > mostAttributeBytes) {
        throw notTar()
      }
      const all = (await input.read(padded(bytes))).subarray(0, bytes)
      const kept = withoutOwner(all)
      if (type === 'x') {
        length = kept.length
      }
      setLength(header, kept.bytes.length)
      yield header
      yield Buffer.concat([kept.bytes, Buffer.alloc(padded(kept.bytes.length) - kept.bytes.length)])
    } else {
      yield header
      yield* input.pass(padded(bytes))
      length = isOfNext ? length : null
    }
  }
}

/** Attributes are lines, each with its own length in bytes before it: `12 uid=1000`. */
function withoutOwner(attributes: Buffer): { bytes: Buffer; length: number | null } {
  const kept: Buffer[] = []
  let length: number | null = null
  for (let at = 0; at < attributes.length;) {
    const blank = attributes.indexOf(' ', at)
    const bytes = Number(attributes.toString('latin1', at, blank))
    if (blank < 0 || !Number.isInteger(bytes) || bytes < 4 || at + bytes > attributes.length) {
      throw notTar()
    }
    const line = attributes.subarray(at, at + bytes)
    const [name = '', value = ''] = line.toString('utf8', blank - at + 1, bytes - 1).split('=')
    if (name === 'size') {
      length = /^\d+$/.test(value) ? Number(value) : length
    }
    if (!ownerAttributes.has(name)) {
      kept.push(line)
    }
    at += bytes
  }
  return { bytes: Buffer.concat(kept), length }
}

/** Bytes in the portions that are asked for. */
class TarInput {
  readonly #source: AsyncIterator<Buffer>
  #chunk: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  async read(bytes: number): Promise<Buffer> {
    const pieces: Buffer[] = []
    for await (const piece of this.pass(bytes)) {
      pieces.push(piece)
    }
    return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces)
  }

  async *pass(bytes: number): AsyncGenerator<Buffer, void, undefined> {
    let missing = bytes
    while (missing > 0) {
      if (this.#chunk.length === 0 && !(await this.#fill())) {
        throw notTar()
      }
      const piece = this.#chunk.subarray(0, missing)
      this.#chunk = this.#chunk.subarray(piece.length)
      missing -= piece.length
      yield piece
    }
  }

  async *rest(): AsyncGenerator<Buffer, void, undefined> {
    while (this.#chunk.length > 0 || (await this.#fill())) {
      yield this.#chunk
      this.#chunk = Buffer.alloc(0)
    }
  }

  async #fill(): Promise<boolean> {
    const { value, done } = await this.#source.next()
    this.#chunk = done ? Buffer.alloc(0) : value
    return done !== true
  }
}
