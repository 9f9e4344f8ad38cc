import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareVersions, versionWarning } from './version-range.ts'

test.for([
  ['2.1.329', '2.1.329', '2.1.329', null],
  ['2.1.0', '2.0', '2.1', null],
  ['2.1.999', '2.0', '2.1', null],
  ['2.0.0', '2.0', '2.1', null],
  ['2.2.0', '2.0', '2.1', '2.2.0 is newer than what was tested (2.0 to 2.1)'],
  ['1.9.9', '2.0', '2.1', '1.9.9 is older than what was tested (2.0 to 2.1)'],
  ['0.9', '1', '1', '0.9 is older than what was tested (1)'],
  ['10.0.0', '9', '10', null],
  [null, '1', '1', null],
] as const)('%s in %s to %s: %s', ([version, from, to, warning]) => {
  expect(versionWarning(version, { from, to })).toBe(warning)
})

test('versions are in the order of their numbers, and a version equals itself', () => {
  const parts = fc.array(fc.nat(300), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(parts, parts, (one, other) => {
      const sign = Math.sign(compareVersions(one.join('.'), other.join('.')))
      expect(sign + Math.sign(compareVersions(other.join('.'), one.join('.')))).toBe(0)
      expect(compareVersions(one.join('.'), `${one.join('.')}-beta.2`)).toBe(0)
    }),
  )
})
