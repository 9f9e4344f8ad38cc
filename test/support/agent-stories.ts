import fc from 'fast-check'
import type { AgentView, RunView } from '../../src/core/agent-view.ts'
import { Lifecycle } from '../../src/schema/lifecycle.ts'
import type { Act, ModelOptions } from './agent-model.ts'

type SimpleAct = Exclude<
  Act['do'],
  'end-run' | 'restart-daemon' | 'steps' | 'pass' | 'limit' | 'remove' | 'spend'
>
const simple = fc.constantFrom<SimpleAct>(
  'send',
  'send',
  'send',
  'stop',
  'start',
  'wake',
  'sleep',
  'sleep',
  'sleep-fully',
  'new',
  'restart',
  'accept',
  'accept',
  'end-turn',
  'end-turn',
  'greet',
  'greet',
  'become-unusable',
  'break-start',
  'break-move',
  'attach',
  'detach',
  'crowd',
  'uncrowd',
  'begin-job',
  'end-job',
  'ask',
  'ask',
  'answer',
  'withdraw',
)
const act: fc.Arbitrary<Act> = fc.oneof(
  { arbitrary: simple.map((name): Act => ({ do: name })), weight: 6 },
  fc.record({
    do: fc.constant('end-run' as const),
    how: fc.constantFrom('exited' as const, 'failed' as const, 'lost' as const),
    class: fc.constantFrom('auth' as const, 'network' as const, null),
  }),
  fc
    .constantFrom('running', 'suspended', 'exited', 'lost', 'unstarted')
    .map((found) => ({ do: 'restart-daemon', found }) as const),
  fc.integer({ min: 1, max: 5 }).map((count) => ({ do: 'steps', count }) as const),
  fc
    .constantFrom(500, 30_000, 130_000, 4_000_000, 90_000_000)
    .map((ms) => ({ do: 'pass', ms }) as const),
  fc.constantFrom(1000, 600_000).map((ms) => ({ do: 'limit', ms }) as const),
)
/** What happens to one agent, in order. */
export const story = fc.array(act, { maxLength: 40 })
/** Agents of all kinds. */
export const options: fc.Arbitrary<ModelOptions> = fc.record({
  hasTurns: fc.boolean(),
  needsGreeting: fc.boolean(),
  isEphemeral: fc.boolean(),
  canSuspend: fc.boolean(),
  lifecycle: fc.record({
    rest: fc.constantFrom('sleep' as const, 'suspend' as const),
    suspendedMs: fc.constantFrom(0, 86_400_000),
    restart: fc.constantFrom('never' as const, 'on-failure' as const, 'always' as const),
    idleMs: fc.constantFrom(0, 3_600_000),
    maxAgeMs: fc.constantFrom(0, 60_000),
    tries: fc.constantFrom(1, 3),
  }),
  questionMs: fc.constantFrom(0, 20_000, 3_600_000),
})

/** A view of an agent at rest about which nothing is to do, but for what is said. */
export const view = (part: Partial<AgentView>): AgentView => ({
  hold: null,
  wish: null,
  isRemoving: false,
  isNew: false,
  isEphemeral: false,
  isOverBudget: false,
  isSupervised: false,
  hasUnit: false,
  isFound: false,
  parkedUntil: null,
  notBefore: null,
  waiting: null,
  admission: null,
  attached: 0,
  awaitedUntil: 0,
  lifecycle: Lifecycle.parse({}),
  run: null,
  queued: 0,
  isSteering: false,
  open: 0,
  openSince: null,
  unwritten: 0,
  questions: 0,
  questionDueAt: null,
  unreleased: 0,
  task: 'open',
  ...part,
})
/** A run that is up and idle. */
export const upRun: RunView = {
  status: 'running',
  turn: 'idle',
  hasHandle: true,
  stopReason: null,
  suspension: null,
  suspendedAt: null,
  canSuspend: false,
  hasTurns: true,
  isGreeted: true,
  isUnusable: false,
  isStale: false,
  canSteer: false,
  isResumed: true,
  isBegun: false,
  isUnknown: false,
  readyAt: 100,
  startedAt: 100,
  activeAt: 100,
  background: 0,
}
