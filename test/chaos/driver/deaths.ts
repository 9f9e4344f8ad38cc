import {
  agentFaultPoints,
  boxFaultPoints,
  orphanFaultPoints,
  type FaultPoint,
} from '../../../src/daemon/fault-point.ts'
import type { Random } from './random.ts'
import type { RuntimeName } from './runtimes.ts'

/** How a daemon dies, and how long nobody is there after it. All of it is decided by the seed. */
export type Death = { pauseMs: number } & (
  | /** So long after it was ready. */ { kind: 'instant'; afterMs: number }
  | /** So long after it was started, ready or not. */ { kind: 'startup'; afterMs: number }
  | /** At a pass of a point between two steps. */ {
      kind: 'point'
      point: FaultPoint
      pass: number
      /** How the daemon before it, which has no fault in it, makes room. */
      handover: 'SIGTERM' | 'SIGKILL'
    }
)

/** Those that a play passes; schedules and limits have crash tests of their own. */
const points: readonly FaultPoint[] = [...agentFaultPoints, ...orphanFaultPoints]
const dockerPoints: readonly FaultPoint[] = [...points, ...boxFaultPoints]

export const pointsOf = (runtime: RuntimeName): readonly FaultPoint[] =>
  runtime === 'docker' ? dockerPoints : points

/** Points on the way out need somebody to leave; the act that leads there is put into the round. */
export const leadingActs: Partial<Record<FaultPoint, string>> = {
  'launch-prepared': 'sleep',
  'run-spawned': 'sleep',
  'run-recorded': 'sleep',
  'run-stopped': 'stop',
  'run-read-out': 'stop',
  'run-ended': 'stop',
  'run-released': 'sleep',
  'release-recorded': 'sleep',
  'folders-removed': 'remove',
  'agent-removed': 'remove',
  'box-made': 'remove',
  'box-forgotten': 'remove',
  'orphans-reported': 'orphan',
  'orphans-released': 'orphan',
}

const longestLifeMs = 900
const longestStartMs = 450

/** One death; the first of a round is half of the time at a point, for then all acts lie ahead. */
export function inventDeath(random: Random, isFirst: boolean, among: readonly FaultPoint[]): Death {
  const pauseMs = random.chance(0.5) ? 0 : random.int(0, 400)
  if (random.chance(isFirst ? 0.6 : 0.3)) {
    const pass = random.weighted([
      { weight: 6, pass: 1 },
      { weight: 2, pass: 2 },
      { weight: 1, pass: 3 },
      { weight: 1, pass: 5 },
    ]).pass
    const handover = random.chance(0.5) ? 'SIGTERM' : 'SIGKILL'
    return { kind: 'point', point: random.pick(among), pass, pauseMs, handover }
  }
  return random.chance(0.25)
    ? { kind: 'startup', afterMs: random.int(40, longestStartMs), pauseMs }
    : { kind: 'instant', afterMs: random.int(0, longestLifeMs), pauseMs }
}

/** In a line: `input-rung:2`. */
export function nameOf(death: Death): string {
  return death.kind === 'point'
    ? `${death.point}:${death.pass}`
    : `${death.kind} ${death.afterMs} ms`
}
