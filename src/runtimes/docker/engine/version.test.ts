import { expect, test } from 'vitest'
import { chooseVersion } from './version.ts'

const offer = (apiVersion: string, minApiVersion: string | null = null) => ({
  apiVersion,
  minApiVersion,
  name: 'Docker 1.2.3',
})

test.for([
  ['1.41', '1.24', '1.41'],
  ['1.43', '1.12', '1.43'],
  ['1.47', '1.24', '1.47'],
  ['1.52', '1.44', '1.47'],
  ['1.100', null, '1.47'],
  ['2.0', null, '1.47'],
] as const)('an engine that speaks %s, and %s at least, is spoken to in %s', (row) => {
  expect(chooseVersion(offer(row[0], row[1]))).toBe(row[2])
})

test.for(['1.40', '1.9', '0.50', 'nonsense'])('an engine that speaks %s is too old', (version) => {
  expect(() => chooseVersion(offer(version))).toThrow(
    expect.objectContaining({ code: 'engine_unfit', message: expect.stringContaining(version) }),
  )
})

test('an engine that speaks nothing old enough is too new', () => {
  expect(() => chooseVersion(offer('1.60', '1.48'))).toThrow(/too new.*1\.48/)
})
