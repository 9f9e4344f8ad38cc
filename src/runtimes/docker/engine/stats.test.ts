import { expect, test } from 'vitest'
import { readStats, StatsAnswer } from './stats.ts'

const answer = (given: object) => StatsAnswer.parse(given)

test('memory is told without the cache, by either version of cgroups', () => {
  const read = (stats: object) =>
    readStats(answer({ memory_stats: { usage: 100, limit: 500, stats } }), 1000, undefined).stats
  expect(read({ total_inactive_file: 30, inactive_file: 7 }).memoryBytes).toBe(70)
  expect(read({ inactive_file: 40 }).memoryBytes).toBe(60)
  expect(read({}).memoryLimitBytes).toBe(500)
})

test('a limit of all that the machine has is none', () => {
  const { stats } = readStats(answer({ memory_stats: { limit: 1000 } }), 1000, undefined)
  expect(stats.memoryLimitBytes).toBeNull()
})

test('processor time is compared with the time before', () => {
  const at = (read: string, ns: number) =>
    answer({ read, cpu_stats: { cpu_usage: { total_usage: ns } } })
  const first = readStats(at('2026-01-01T00:00:00.000000001Z', 0), 1, undefined)
  expect(first.stats.cpuPercent).toBeNull()
  const second = readStats(at('2026-01-01T00:00:02Z', 1e9), 1, first.mark)
  expect(second.stats.cpuPercent).toBeCloseTo(50)
})

test('a container that was started again meanwhile is compared with nothing', () => {
  const before = { atMs: 0, cpuNs: 100 }
  const now = answer({
    read: '2026-01-01T00:00:00Z',
    cpu_stats: { cpu_usage: { total_usage: 50 } },
  })
  expect(readStats(now, 1, before).stats.cpuPercent).toBeNull()
})

test('one that does not run uses nothing', () => {
  const stopped = answer({ read: '0001-01-01T00:00:00Z', memory_stats: {}, cpu_stats: {} })
  expect(readStats(stopped, 1, undefined).stats).toEqual({
    memoryBytes: 0,
    memoryLimitBytes: null,
    cpuNs: 0,
    cpuPercent: null,
    pids: 0,
  })
})
