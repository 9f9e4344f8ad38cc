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

  interface Refused {
    title: string
    limits: AgentLimits
    here: LimitMeans
    reservedBytes?: number | undefined
    reason: string
  }

  test.each<Refused>([
    {
      title: 'processors without a group',
      limits: { cpus: 1 },
      here: means(),
      reason: 'only cgroup v2 can bound it, and there is no cgroup v2 here',
    },
    {
      title: 'processors without their controller',
      limits: { cpus: 1 },
      here: means({ group: group('memory') }),
      reason: 'the cgroup v2 group /mine has no cpu controller',
    },
    {
      title: 'memory of a program that reserves nobody knows how much',
      limits: { memoryBytes: 5 * mebibyte },
      here: means(),
      reservedBytes: undefined,
      reason: 'its program reserves more memory than it uses',
    },
    {
      title: 'memory on macOS',
      limits: { memoryBytes: 5 * mebibyte },
      here: means({ platform: 'darwin' }),
      reason: 'only cgroup v2 can bound it',
    },
    {
      title: 'processes of root',
      limits: { pids: 100 },
      here: means({ isRoot: true }),
      reason: 'root is not bound',
    },
    {
      title: 'fewer processes than the user has',
      limits: { pids: 100 },
      here: means({ userTasks: 100 }),
      reason: 'this user has 100 processes and threads',
    },
  ])('are refused: $title', ({ limits, here, reason, ...rest }) => {
    const reservedBytes = 'reservedBytes' in rest ? rest.reservedBytes : 0
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
          expect(wanted).toHaveProperty(outcome.refusal.limit)
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
