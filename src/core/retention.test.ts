import { describe, expect, test } from 'vitest'
import { mayExceed } from './retention.ts'

const now = { addedBytes: 1000, releases: 5 }

describe('whether records may be over a bound', () => {
  test('they were never measured', () => {
    expect(mayExceed(null, now)).toBe(true)
  })

  test.each([
    ['less than there was room for was added', { headroomBytes: 101 }, false],
    ['just as much as there was room for was added', { headroomBytes: 100 }, false],
    ['more than there was room for was added', { headroomBytes: 99 }, true],
    ['runs were released, but nothing is over a bound', { headroomBytes: 101, releases: 1 }, false],
    ['a bound is passed and nothing was added', { headroomBytes: -1, addedBytes: 1000 }, false],
    ['a bound is passed and something was added', { headroomBytes: -1, addedBytes: 999 }, true],
    [
      'a bound is passed and a run can be given up now',
      { headroomBytes: -1, addedBytes: 1000, releases: 4 },
      true,
    ],
  ])('%s', (_, last, expected) => {
    expect(mayExceed({ addedBytes: 900, releases: 5, ...last }, now)).toBe(expected)
  })
})
