import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AgentLimits } from '../schema/agent-limits.ts'
import { describeLimits, planLimits, type LimitMeans } from './limit-plan.ts'

const mebibyte = 1024 * 1024

const group = (...controllers: string[]): LimitMeans['group'] => ({ path: '/mine', controllers })
const noGroup: LimitMeans['group'] = { problem: 'there is no cgroup v2 here' }
const means = (part: Partial<LimitMeans> = {}): LimitMeans => ({
  group: noGroup,
  platform: 'linux',
  isRoot: false,
  userTasks: 10,
  ...part,
})
const all = { memoryBytes: 512 * mebibyte, cpus: 1.5, pids: 100 }

const refusalOf = (limits: AgentLimits, here: LimitMeans, reservedBytes?: number): unknown => {
  const outcome = planLimits({ limits, reservedBytes }, here)
  return 'refusal' in outcome ? outcome.refusal : null
}

describe('limits', () => {
  test('are all kept by a group that has the controllers', () => {
    const here = means({ group: group('cpu', 'memory', 'pids'), isRoot: true })
    expect(planLimits({ limits: all, reservedBytes: undefined }, here)).toEqual({
      plan: { group: all, dataBytes: null, processes: null },
    })
  })

  test('of memory and processes are kept by rlimits without a group; what is only reserved comes on top', () => {
    const { memoryBytes, pids } = all
    expect(
      planLimits({ limits: { memoryBytes, pids }, reservedBytes: 100 * mebibyte }, means()),
    ).toEqual({ plan: { group: {}, dataBytes: 612 * mebibyte, processes: 100 } })
  })

  test('are kept by both where the group has not every controller', () => {
    const here = means({ group: group('cpu', 'pids'), isRoot: true })
    expect(planLimits({ limits: all, reservedBytes: 0 }, here)).toEqual({
      plan: { group: { cpus: 1.5, pids: 100 }, dataBytes: 512 * mebibyte, processes: null },
    })
  })

  test.each<[string, AgentLimits, LimitMeans, number | undefined, string]>([
    ['processors without a group', { cpus: 1 }, means(), 0, 'there is no cgroup v2 here'],
    [
      'processors without their controller',
      { cpus: 1 },
      means({ group: group('memory') }),
      0,
      'the cgroup v2 group /mine has no cpu controller',
    ],
    [
      'memory of a program that reserves nobody knows how much',
      { memoryBytes: 5 * mebibyte },
      means(),
      undefined,
      'reserves more memory than it uses',
    ],
    ['memory on macOS', { memoryBytes: 5 * mebibyte }, means({ platform: 'darwin' }), 0, 'only'],
    ['processes of root', { pids: 100 }, means({ isRoot: true }), 0, 'root is not bound'],
    [
      'fewer processes than the user has',
      { pids: 100 },
      means({ userTasks: 100 }),
      0,
      'this user has 100 processes and threads',
    ],
  ])('are refused: %s', (_, limits, here, reservedBytes, reason) => {
    expect(refusalOf(limits, here, reservedBytes)).toEqual({
      limit: Object.keys(limits)[0],
      reason: expect.stringContaining(reason) as string,
    })
  })

  test('are planned or refused, each one; none is ever dropped', () => {
    const limits = fc.record(
      {
        memoryBytes: fc.integer({ min: 4 * mebibyte }),
        cpus: fc.double({ min: 0.01, max: 1024, noNaN: true }),
        pids: fc.integer({ min: 1, max: 1000 }),
      },
      { requiredKeys: [] },
    )
    const anyMeans = fc.record<LimitMeans>({
      group: fc.oneof(
        fc.constant(noGroup),
        fc.subarray(['cpu', 'memory', 'pids', 'io']).map((names) => group(...names)),
      ),
      platform: fc.constantFrom('linux', 'darwin'),
      isRoot: fc.boolean(),
      userTasks: fc.option(fc.nat(1000)),
    })
    const reserved = fc.option(fc.nat(), { nil: undefined })
    fc.assert(
      fc.property(limits, anyMeans, reserved, (wanted, here, reservedBytes) => {
        const outcome = planLimits({ limits: wanted, reservedBytes }, here)
        if ('refusal' in outcome) {
          expect(wanted[outcome.refusal.limit]).toBeDefined()
          return
        }
        const { plan } = outcome
        const isKept = {
          memoryBytes: plan.group.memoryBytes ?? plan.dataBytes,
          cpus: plan.group.cpus,
          pids: plan.group.pids ?? plan.processes,
        }
        for (const name of ['memoryBytes', 'cpus', 'pids'] as const) {
          expect(isKept[name] ?? undefined).toBe(
            name === 'memoryBytes' && plan.dataBytes !== null
              ? (wanted.memoryBytes ?? 0) + (reservedBytes ?? 0)
              : wanted[name],
          )
        }
      }),
    )
  })
})

test.each([
  [{ group: group('memory', 'cpu', 'pids') }, 'memory, cpus and pids by cgroup v2'],
  [{ group: group('memory', 'pids') }, 'memory and pids by cgroup v2; no cpus'],
  [
    { group: group('cpu', 'pids'), isRoot: true },
    'cpus and pids by cgroup v2; memory (each process by itself)',
  ],
  [{}, 'memory (each process by itself); pids (all of this user together); no cpus'],
  [{ isRoot: true }, 'memory (each process by itself); no cpus, no pids'],
  [{ platform: 'darwin' as const }, 'pids (all of this user together); no memory, no cpus'],
])('with %j there are: %s', (part, text) => {
  expect(describeLimits(means(part))).toBe(text)
})
