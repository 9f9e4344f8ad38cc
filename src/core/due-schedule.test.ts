import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MessageId } from '../schema/message.ts'
import { readCron, type CronTimes } from './cron-times.ts'
import {
  dueStep,
  fireId,
  graceMs,
  mostCounted,
  nextTimes,
  replan,
  type ScheduleView,
} from './due-schedule.ts'

const at = (iso: string): number => Date.parse(iso)
const second = 1000
const minute = 60 * second
const hour = 60 * minute

const hourly = readCron('0 * * * *', 'UTC')
const noon = at('2026-11-20T12:00:00Z')
const view = (changes: Partial<ScheduleView> = {}): ScheduleView => ({
  nextAt: noon,
  lastAt: null,
  missed: 'skip',
  ...changes,
})

describe('a time', () => {
  test('that is to come, or that nobody waits for, is left alone', () => {
    expect(dueStep(view(), hourly, noon - 1)).toBeNull()
    expect(dueStep(view({ nextAt: null }), hourly, noon)).toBeNull()
  })

  test.for([0, 1, graceMs - 1])('that has come is fired, though %i ms late', (lateMs) => {
    const step = { do: 'fire', at: noon, missed: 0, next: noon + hour }
    expect(dueStep(view(), hourly, noon + lateMs)).toEqual(step)
    expect(dueStep(view({ missed: 'once' }), hourly, noon + lateMs)).toEqual(step)
  })

  test('that is missed is passed over, or fired once under its own time', () => {
    const late = noon + graceMs
    expect(dueStep(view(), hourly, late)).toEqual({
      do: 'pass-over',
      missed: { count: 1, until: noon },
      next: noon + hour,
    })
    expect(dueStep(view({ missed: 'once' }), hourly, late)).toEqual({
      do: 'fire',
      at: noon,
      missed: 1,
      next: noon + hour,
    })
  })

  test('that is missed with others counts with them, and the one within the grace is apart', () => {
    const now = noon + 5 * hour + 10 * second
    const until = noon + 4 * hour
    const next = noon + 5 * hour
    expect(dueStep(view(), hourly, now)).toEqual({
      do: 'pass-over',
      missed: { count: 5, until },
      next,
    })
    expect(dueStep(view({ missed: 'once' }), hourly, now)).toEqual({
      do: 'fire',
      at: until,
      missed: 5,
      next,
    })
    expect(dueStep(view({ nextAt: next }), hourly, now)).toMatchObject({ do: 'fire', at: next })
  })

  test('is counted up to a bound, however many were missed', () => {
    const times = readCron('* * * * * *', 'UTC')
    const now = noon + 1000 * 24 * hour
    expect(dueStep(view(), times, now)).toEqual({
      do: 'pass-over',
      missed: { count: mostCounted, until: now - graceMs },
      next: now - graceMs + second,
    })
  })

  test('that new rules of its time zone moved away is still dealt with', () => {
    const off = noon + 17 * minute
    expect(dueStep(view({ nextAt: off }), hourly, off)).toMatchObject({ do: 'fire', at: off })
    expect(dueStep(view({ nextAt: off }), hourly, off + 2 * minute)).toEqual({
      do: 'pass-over',
      missed: { count: 1, until: off },
      next: noon + hour,
    })
  })

  test('after the last one is none', () => {
    const times: CronTimes = { next: () => null, latest: () => noon }
    expect(dueStep(view(), times, noon)).toMatchObject({ do: 'fire', next: null })
  })
})

describe('a clock that was set back', () => {
  test('makes the schedule wait for the first time that is neither past nor fired', () => {
    const nextAt = noon + 10 * hour
    expect(replan(view({ nextAt }), hourly, noon + 1)).toBe(noon + hour)
    expect(replan(view({ nextAt, lastAt: noon + 3 * hour }), hourly, noon)).toBe(noon + 4 * hour)
  })

  test('leaves what is due, and what is paused, as it is', () => {
    expect(replan(view(), hourly, noon)).toBe(noon)
    expect(replan(view({ nextAt: null }), hourly, noon)).toBeNull()
  })
})

test('a fire has an id that a message may have, and no other time has', () => {
  const id = fireId('sch_01m7yqapv9hw4ve85zt241', noon)
  expect(id).toBe('schedule:sch_01m7yqapv9hw4ve85zt241:2026-11-20T12:00:00Z')
  expect(MessageId.parse(id)).toBe(id)
  expect(fireId('sch_01m7yqapv9hw4ve85zt241', noon + second)).not.toBe(id)
})

test('the next times begin with the one that is waited for', () => {
  expect(nextTimes(noon, hourly, 3)).toEqual([noon, noon + hour, noon + 2 * hour])
  expect(nextTimes(null, hourly, 3)).toEqual([])
})

/** What the world does to a schedule, in any order. */
type Act =
  | { do: 'pass'; ms: number }
  /** The clock is set; the daemon may notice at once, or not before it starts again. */
  | { do: 'set-clock'; byMs: number; isNoticed: boolean }
  /** It dies before a step is committed, or right after so many were. */
  | { do: 'die'; afterSteps: number }
  | { do: 'start' }

/** A schedule's row, a clock and a daemon: it throws as soon as a fire breaks an invariant. */
class World {
  readonly fired: number[] = []
  row: ScheduleView
  now: number
  isUp = true
  readonly #times: CronTimes

  constructor(times: CronTimes, missed: ScheduleView['missed'], now: number) {
    this.#times = times
    this.now = now
    this.row = { nextAt: times.next(now), lastAt: null, missed }
  }

  act(act: Act): void {
    switch (act.do) {
      case 'pass':
        this.now += act.ms
        return this.look()
      case 'set-clock':
        this.now += act.byMs
        return act.isNoticed ? this.#replan() : undefined
      case 'die':
        this.look(act.afterSteps)
        this.isUp = false
        return
      case 'start':
        this.isUp = true
        this.#replan()
        this.look()
    }
  }

  /** Takes so many steps. One more is decided and lost: it leaves nothing. */
  look(limit = Infinity): void {
    for (let taken = 0; this.isUp && taken < limit; taken++) {
      const step = dueStep(this.row, this.#times, this.now)
      if (!step) {
        return
      }
      if (step.do === 'fire') {
        this.#fire(step.at)
        this.row = { ...this.row, lastAt: step.at, nextAt: step.next }
      } else {
        this.row = { ...this.row, nextAt: step.next }
      }
    }
  }

  #fire(time: number): void {
    expect(time, 'it is fired after all that was fired before').toBeGreaterThan(
      this.fired.at(-1) ?? -Infinity,
    )
    expect(time, 'it is not fired early').toBeLessThanOrEqual(this.now)
    expect(this.#times.next(time - 1), 'it is a time of the line').toBe(time)
    if (this.row.missed === 'skip') {
      expect(this.now - time, 'what is missed is not fired').toBeLessThan(graceMs)
    }
    this.fired.push(time)
  }

  #replan(): void {
    this.row = { ...this.row, nextAt: replan(this.row, this.#times, this.now) }
  }
}

const lines = ['* * * * *', '*/10 * * * * *', '30 2 * * *', '0,30 1-3 * * *', '17 * * * *']
const anyWorld = fc
  .record({
    line: fc.constantFrom(...lines),
    missed: fc.constantFrom<ScheduleView['missed']>('skip', 'once'),
    // Around the days when the clock of Berlin is changed.
    day: fc.constantFrom('2026-10-24T22:00:00Z', '2027-03-27T22:00:00Z', '2026-11-20T12:00:00Z'),
    offsetMs: fc.integer({ min: 0, max: 6 * hour }),
  })
  .map(({ line, missed, day, offsetMs }) => ({
    missed,
    times: readCron(line, 'Europe/Berlin'),
    start: at(day) + offsetMs,
  }))

const anyPause = fc.oneof(
  fc.integer({ min: 1, max: 2 * minute }),
  fc.integer({ min: 1, max: 3 * hour }),
)
const anyAct: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: anyPause }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('set-clock' as const),
      byMs: fc.integer({ min: -30 * hour, max: 30 * hour }),
      isNoticed: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('die' as const), afterSteps: fc.nat({ max: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('start' as const) }) },
)

test('no time is fired twice, early or after it was missed, whatever the clock does and however often the daemon dies', () => {
  fc.assert(
    fc.property(anyWorld, fc.array(anyAct, { maxLength: 40 }), ({ times, missed, start }, acts) => {
      const world = new World(times, missed, start)
      for (const act of acts) {
        world.act(act)
      }
    }),
    { numRuns: 200 },
  )
})

test('with a steady clock every time is fired, once, if the daemon is never away for the grace', () => {
  const pauses = fc.array(fc.tuple(fc.integer({ min: 1, max: graceMs / 2 - 1 }), fc.nat(3)), {
    minLength: 50,
    maxLength: 200,
  })
  fc.assert(
    fc.property(anyWorld, pauses, ({ times, missed, start }, acts) => {
      const world = new World(times, missed, start)
      for (const [ms, afterSteps] of acts) {
        // It dies in the middle of its work and comes back before the grace is over.
        world.act({ do: 'pass', ms })
        world.act({ do: 'die', afterSteps })
        world.now += ms
        world.act({ do: 'start' })
      }
      const all = nextTimes(times.next(start), times, world.fired.length + 1)
      expect(world.fired).toEqual(all.slice(0, -1))
      expect(all.at(-1)).toBeGreaterThan(world.now)
    }),
    { numRuns: 100 },
  )
})

test('under once a time away costs all missed times but the latest, which is fired', () => {
  fc.assert(
    fc.property(anyWorld, fc.integer({ min: 2 * hour, max: 60 * hour }), ({ times, start }, ms) => {
      const world = new World(times, 'once', start)
      world.act({ do: 'die', afterSteps: 0 })
      world.now += ms
      const latestMissed = times.latest(world.now - graceMs) ?? Number.NaN
      fc.pre(latestMissed > start)
      world.act({ do: 'start' })
      expect(world.fired[0]).toBe(latestMissed)
      expect(world.fired.length).toBe(
        nextTimes(latestMissed, times, 100).filter((time) => time <= world.now).length,
      )
    }),
    { numRuns: 100 },
  )
})

test('a clock that was set back for good does not silence a schedule', () => {
  fc.assert(
    fc.property(anyWorld, fc.integer({ min: hour, max: 30 * hour }), ({ times, start }, ms) => {
      const world = new World(times, 'skip', start)
      // Far ahead by mistake, and right again before anything was fired there.
      world.now += ms
      world.row = { ...world.row, nextAt: times.next(world.now) }
      world.now = start
      world.act({ do: 'start' })
      expect(world.row.nextAt).toBe(times.next(start))
    }),
    { numRuns: 100 },
  )
})
