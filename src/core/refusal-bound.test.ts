import fc from 'fast-check'
import { expect, test } from 'vitest'
import { boundRefusal, type RefusalWindow } from './refusal-bound.ts'

/** Told places, with the untold ones that each speaks for. */
function tell(refusals: readonly (readonly [string, number])[]): [string, number][] {
  let window: RefusalWindow | undefined
  return refusals.flatMap(([place, now]) => {
    const { isTold, untold, window: next } = boundRefusal(window, place, now)
    window = next
    return isTold ? [[place, untold] as [string, number]] : []
  })
}

test('the same place is told once in a minute, and then with how often it was not', () => {
  expect(
    tell([
      ['a:443', 0],
      ['a:443', 1],
      ['b:443', 2],
      ['a:443', 59_999],
      ['a:443', 60_000],
      ['a:443', 60_001],
    ]),
  ).toEqual([
    ['a:443', 0],
    ['b:443', 0],
    ['a:443', 2],
  ])
})

test('a clock that was set back begins anew', () => {
  expect(
    tell([
      ['a:443', 1_000_000],
      ['a:443', 5],
    ]),
  ).toHaveLength(2)
})

test('not more than ten are told in a minute, and each is told or counted', () => {
  const refusal = fc.tuple(
    fc.stringMatching(/^[a-z]{1,2}:443$/),
    fc.integer({ min: 0, max: 59_999 }),
  )
  fc.assert(
    fc.property(fc.array(refusal, { minLength: 1, maxLength: 200 }), (given) => {
      const sorted = given.toSorted(([, one], [, other]) => one - other)
      const told = tell([...sorted, ['last:443', 120_000]])
      expect(told.length).toBeLessThanOrEqual(11)
      expect(told.reduce((sum, [, untold]) => sum + 1 + untold, 0)).toBe(given.length + 1)
    }),
  )
})
