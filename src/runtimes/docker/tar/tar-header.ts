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

/** How many bytes follow that are its own, without what fills the last block. */
export function contentBytes(header: Buffer): number {
  return withoutContent.has(typeOf(header)) ? 0 : readNumber(header, 124, 12)
}

export function padded(bytes: number): number {
  return Math.ceil(bytes / blockBytes) * blockBytes
}

export function setLength(header: Buffer, bytes: number): void {
  header.write(octal(bytes, 11), 124, 'latin1')
  setChecksum(header)
}

/** Changes the numbers, and leaves out names, which would come before them. */
export function setOwner(header: Buffer, { uid, gid }: TarOwner): void {
  writeNumber(header, 108, uid)
  writeNumber(header, 116, gid)
  header.fill(0, 265, 329)
  setChecksum(header)
}

export interface NewHeader {
  /** At most 100 bytes of it stand in a header, and of a link's target. */
  name: string
  link: string
  mode: number
  sizeBytes: number
  type: string
  owner: TarOwner
  /** Since 1970, seconds. */
  modifiedAt: number
}

export function makeHeader({ name, link, mode, sizeBytes, type, ...stamp }: NewHeader): Buffer {
  const header = Buffer.alloc(blockBytes)
  header.write(name.slice(0, 100), 0, 100)
  writeNumber(header, 100, mode & 0o7777)
  header.write(octal(Math.trunc(stamp.modifiedAt), 11), 136)
  header.write(type, 156)
  header.write(link.slice(0, 100), 157, 100)
  header.write('ustar\x0000', 257)
  setOwner(header, stamp.owner)
  setLength(header, sizeBytes)
  return header
}

function setChecksum(header: Buffer): void {
  header.write(`${octal(checksumOf(header), 6)} `, 148, 'latin1')
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

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, '0')}\0`
}

/** Of eight bytes. */
function writeNumber(header: Buffer, at: number, value: number): void {
  if (value < 0o10000000) {
    header.write(octal(value, 7), at, 'latin1')
  } else {
    header.writeBigUInt64BE((1n << 63n) | BigInt(value), at)
  }
}

function text(header: Buffer, at: number, bytes: number): string {
  const field = header.subarray(at, at + bytes)
  const end = field.indexOf(zero)
  return field.toString('utf8', 0, end < 0 ? bytes : end)
}
