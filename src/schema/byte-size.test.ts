import { expect, test } from 'vitest'
import { formatByteSize, parseByteSize } from './byte-size.ts'

test.each([
  ['536870912', 536_870_912],
  ['0', 0],
  ['100b', 100],
  ['4k', 4096],
  ['512m', 512 * 1024 ** 2],
  ['512M', 512 * 1024 ** 2],
  ['512MiB', 512 * 1024 ** 2],
  ['512 mib', 512 * 1024 ** 2],
  ['1.5g', 1.5 * 1024 ** 3],
  [' 2GiB ', 2 * 1024 ** 3],
  ['1t', 1024 ** 4],
  ['0.3k', 307],
])('%j is a size', (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes)
})

test.each([
  '',
  ' ',
  'm',
  '-1m',
  '+1m',
  '1e9',
  '0x10',
  '1,5g',
  '1.m',
  '.5g',
  '512mb',
  '512MB',
  '1p',
  '1 2',
  '1g1',
  '99999t99',
  '9000000t',
  'NaN',
  'Infinity',
  '٣m',
])('%j is none', (text) => {
  expect(parseByteSize(text)).toBeNull()
})

test.each([
  [0, '0 bytes'],
  [1023, '1023 bytes'],
  [1024, '1 KiB'],
  [512 * 1024 ** 2, '512 MiB'],
  [500_000_000, '476.8 MiB'],
  [1.5 * 1024 ** 3, '1.5 GiB'],
  [5000 * 1024 ** 4, '5000 TiB'],
])('%d bytes are shown as %s', (bytes, text) => {
  expect(formatByteSize(bytes)).toBe(text)
})
