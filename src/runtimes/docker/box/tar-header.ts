import { DroverError } from '../../../schema/error.ts'

/** A tar is blocks of this many bytes: a header, then what it announces. Source: POSIX.1 pax, "ustar". */
export const blockBytes = 512

/** Whose everything in a tar is to be. */
export interface TarOwner {
  uid: number
  gid: number
}

/** Type flags of headers whose length is no length of anything: links, devices, folders, pipes. */
const withoutContent = new Set(['1', '2', '3', '4', '5', '6'])

const zero = 0
const space = 0x20

/** Errors: `invalid_request` for what is no header. */
export function checkHeader(header: Buffer): void {
  if (readOctal(header, 148, 8) !== checksumOf(header)) {
    throw notTar()
  }
}

export function notTar(): DroverError {
  return new DroverError('invalid_request', 'tar: what was sent is no whole tar.', {
    details: { field: 'tar' },
  })
}

export function isEnd(header: Buffer): boolean {
  return header.every((byte) => byte === zero)
}

export function typeOf(header: Buffer): string {
  return header.toString('latin1', 156, 157)
}

export function nameOf(header: Buffer): string {
  return text(header, 0, 100)
}

/** How many bytes follow that are its own, without what fills the last block. */
export function contentBytes(header: Buffer): number {
  return withoutContent.has(typeOf(header)) ? 0 : readNumber(header, 124, 12)
}

export function padded(bytes: number): number {
  return Math.ceil(bytes / blockBytes) * blockBytes
}

export function setLength(header: Buffer, bytes: number): void {
  header.write(`${bytes.toString(8).padStart(11, '0')}\0`, 124, 'latin1')
  setChecksum(header)
}

/** Changes the numbers, and leaves out names, which would come before them. */
export function setOwner(header: Buffer, { uid, gid }: TarOwner): void {
  writeNumber(header, 108, uid)
  writeNumber(header, 116, gid)
  header.fill(0, 265, 329)
  setChecksum(header)
}

/** A tar that holds one empty folder. Errors: `invalid_request` for a name that is too long. */
export function folderTar(name: string, owner: TarOwner, mtimeSeconds: number): Buffer {
  if (Buffer.byteLength(name) > 99) {
    throw new DroverError(
      'invalid_request',
      'path: a folder that is to be made has a name of at most 99 bytes.',
      { details: { field: 'path' } },
    )
  }
  const header = Buffer.alloc(blockBytes)
  header.write(name)
  header.write('0000755\0', 100, 'latin1')
  header.write(`${'0'.repeat(11)}\0`, 124, 'latin1')
  header.write(`${Math.trunc(mtimeSeconds).toString(8).padStart(11, '0')}\0`, 136, 'latin1')
  header.write('5', 156, 'latin1')
  header.write('ustar\u000000', 257, 'latin1')
  setOwner(header, owner)
  return Buffer.concat([header, Buffer.alloc(2 * blockBytes)])
}

function setChecksum(header: Buffer): void {
  header.write(`${checksumOf(header).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
}

/** The sum of all bytes, the field of the sum itself taken for blanks. */
function checksumOf(header: Buffer): number {
  let sum = 0
  for (let at = 0; at < blockBytes; at++) {
    sum += at >= 148 && at < 156 ? space : (header[at] ?? 0)
  }
  return sum
}

/** Octal digits, or, where the first bit is set, a number to the base of 256. */
function readNumber(header: Buffer, at: number, bytes: number): number {
  const isBinary = ((header[at] ?? 0) & 0x80) !== 0
  const value = isBinary
    ? Number(BigInt(`0x${header.toString('hex', at, at + bytes)}`) & ((1n << 63n) - 1n))
    : readOctal(header, at, bytes)
  if (!Number.isSafeInteger(value)) {
    throw notTar()
  }
  return value
}

function readOctal(header: Buffer, at: number, bytes: number): number {
  const digits = text(header, at, bytes).trim()
  return /^[0-7]*$/.test(digits) ? Number(`0o${digits || '0'}`) : Number.NaN
}

/** Of eight bytes. */
function writeNumber(header: Buffer, at: number, value: number): void {
  if (value < 0o10000000) {
    header.write(`${value.toString(8).padStart(7, '0')}\0`, at, 'latin1')
  } else {
    header.writeBigUInt64BE((1n << 63n) | BigInt(value), at)
  }
}

function text(header: Buffer, at: number, bytes: number): string {
  const field = header.subarray(at, at + bytes)
  const end = field.indexOf(zero)
  return field.toString('utf8', 0, end < 0 ? bytes : end)
}
