import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { normaliseCron, readCron } from './cron-times.ts'

const at = (iso: string): number => Date.parse(iso)
const iso = (time: number | null): string | null =>
  time === null ? null : new Date(time).toISOString().replace('.000Z', 'Z')

/** The next times after one, as text. */
function timesAfter(line: string, start: string, count: number, timeZone = 'Europe/Berlin') {
  const times = readCron(line, timeZone)
  const found: (string | null)[] = []
  for (let next = times.next(at(start)); next !== null && found.length < count;) {
    found.push(iso(next))
    next = times.next(next)
  }
  return found
}

describe('a cron line', () => {
  test.for<[line: string, start: string, expected: string[]]>([
    ['0 9 * * 1-5', '2026-11-20T09:00:00Z', ['2026-11-23T08:00:00Z', '2026-11-24T08:00:00Z']],
    ['0 9 * * MON-FRI', '2026-11-20T09:00:00Z', ['2026-11-23T08:00:00Z']],
    ['*/20 * * * * *', '2026-11-20T09:00:00Z', ['2026-11-20T09:00:20Z', '2026-11-20T09:00:40Z']],
    // Where both day fields are given, either one will do, as in crontab.
    ['0 0 13 * 5', '2026-12-01T00:00:00Z', ['2026-12-03T23:00:00Z', '2026-12-10T23:00:00Z']],
    ['0 12 13 * +5', '2026-12-01T00:00:00Z', ['2027-08-13T10:00:00Z']],
    ['0 0 L * *', '2026-11-20T00:00:00Z', ['2026-11-29T23:00:00Z', '2026-12-30T23:00:00Z']],
    ['0 12 * * 5#2', '2026-11-20T00:00:00Z', ['2026-12-11T11:00:00Z']],
    ['0 12 15W * *', '2026-11-20T00:00:00Z', ['2026-12-15T11:00:00Z', '2027-01-15T11:00:00Z']],
    ['0 0 29 2 *', '2026-11-20T00:00:00Z', ['2028-02-28T23:00:00Z', '2032-02-28T23:00:00Z']],
    ['0 0 * * 7', '2026-11-20T00:00:00Z', ['2026-11-21T23:00:00Z']],
  ])('%s comes when crontab says', ([line, start, expected]) => {
    expect(timesAfter(line, start, expected.length)).toEqual(expected)
  })

  test.for(['0 0 31 2 *', '0 0 30 2 *', '0 0 31 4,6,9,11 *'])('%s never comes', (line) => {
    expect(readCron(line, 'Europe/Berlin').next(at('2026-11-20T00:00:00Z'))).toBeNull()
  })

  test.for([
    ['', '0 fields'],
    ['x', '1 field;'],
    ['* * * *', '4 fields'],
    ['* * * * * * *', '7 fields'],
    ['@daily', '1 field;'],
    ['2030-01-01T00:00:00', '1 field;'],
    ['60 * * * *', 'the minute goes from 0 to 59'],
    ['60 * * * * *', 'the second goes from 0 to 59'],
    ['* 24 * * *', 'the hour goes from 0 to 23'],
    ['0 0 0 * *', 'the day goes from 1 to 31'],
    ['0 0 * 13 *', 'the month goes from 1 to 12'],
    ['0 0 * * 8', 'the weekday goes from 0 to 7'],
    ['*/0 * * * *', 'stepping: 0'],
    ['5-1 * * * *', '5-1'],
    ['H * * * *', 'illegal'],
    ['0 9 * * \0', 'illegal'],
    ['0 9 * * мон', 'illegal'],
  ])('%j is refused, naming the field', ([line = '', says = '']) => {
    expect(() => readCron(line, 'UTC')).toThrow(
      expect.objectContaining({
        code: 'invalid_schedule',
        details: { field: 'cron' },
        message: expect.stringMatching(/^cron: [^]*[^.]\.$/),
      }),
    )
    expect(() => readCron(line, 'UTC')).toThrow(says)
  })

  test('may have any spaces between its fields', () => {
    expect(normaliseCron(' \t0   9 * *\n1-5 ')).toBe('0 9 * * 1-5')
  })

  test.for(['Mars/Olympus', 'local', '', 'Europe/Berlin ', '../etc/passwd'])(
    'in the time zone %j is refused',
    (timeZone) => {
      expect(() => readCron('0 9 * * *', timeZone)).toThrow(
        expect.objectContaining({ code: 'invalid_schedule', details: { field: 'timeZone' } }),
      )
    },
  )
})

describe('when the clock is set forward, 02:00 to 03:00 in Berlin on 28 March 2027', () => {
  test('a time of day that is left out comes right after, and once', () => {
    const expected = ['2027-03-27T01:30:00Z', '2027-03-28T01:00:00Z', '2027-03-29T00:30:00Z']
    expect(timesAfter('30 2 * * *', '2027-03-26T12:00:00Z', 3)).toEqual(expected)
    expect(timesAfter('0,30 2 * * *', '2027-03-28T00:00:00Z', 2)).toEqual([
      '2027-03-28T01:00:00Z',
      '2027-03-29T00:00:00Z',
    ])
  })

  test('a line by the interval goes on by the real time', () => {
    expect(timesAfter('*/30 * * * *', '2027-03-28T00:00:00Z', 4)).toEqual([
      '2027-03-28T00:30:00Z',
      '2027-03-28T01:00:00Z',
      '2027-03-28T01:30:00Z',
      '2027-03-28T02:00:00Z',
    ])
  })
})

describe('when the clock is set back, 03:00 to 02:00 in Berlin on 25 October 2026', () => {
  test.for(['30 2 * * *', '0 30 2 * * *', '30 2,14 * * *'])(
    'the time of day of %s comes once',
    (line) => {
      const times = timesAfter(line, '2026-10-24T12:30:00Z', 4)
      expect(times).toContain('2026-10-25T00:30:00Z')
      expect(times).not.toContain('2026-10-25T01:30:00Z')
    },
  )

  test('a line by the interval comes in both hours', () => {
    expect(timesAfter('*/30 * * * *', '2026-10-24T23:59:59Z', 5)).toEqual([
      '2026-10-25T00:00:00Z',
      '2026-10-25T00:30:00Z',
      '2026-10-25T01:00:00Z',
      '2026-10-25T01:30:00Z',
      '2026-10-25T02:00:00Z',
    ])
  })
})

test('the latest time and the next one leave no time between them, whatever the line and the moment', () => {
  const lines = ['* * * * *', '*/7 * * * * *', '30 2 * * *', '0,30 1-3 * * *', '0 0 29 2 *']
  const changes = ['2026-10-25T01:00:00Z', '2027-03-28T01:00:00Z', '2028-02-29T00:00:00Z'].map(at)
  fc.assert(
    fc.property(
      fc.constantFrom(...lines),
      fc.constantFrom('Europe/Berlin', 'UTC', 'Australia/Lord_Howe'),
      fc.constantFrom(...changes),
      fc.integer({ min: -100_000_000, max: 100_000_000 }),
      (line, timeZone, change, offset) => {
        const times = readCron(line, timeZone)
        const moment = change + offset
        const latest = times.latest(moment) ?? Number.NaN
        const next = times.next(moment) ?? Number.NaN
        expect(latest).toBeLessThanOrEqual(moment)
        expect(next).toBeGreaterThan(moment)
        expect(times.next(latest)).toBe(next)
        expect(times.latest(next - 1)).toBe(latest)
        expect([times.latest(next), times.latest(latest)]).toEqual([next, latest])
      },
    ),
    { numRuns: 500 },
  )
})
