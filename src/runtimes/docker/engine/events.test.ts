import { expect, test } from 'vitest'
import { toSeconds } from './events.ts'

test.for([
  ['2026-01-01T00:00:00.123456789Z', '1767225600.123456789'],
  ['2026-01-01T01:00:00.5+01:00', '1767225600.5'],
  ['2026-01-01T00:00:00Z', '1767225600'],
  ['', undefined],
] as const)('%s is the second %s', ([moment, seconds]) => {
  expect(toSeconds(moment)).toBe(seconds)
})
