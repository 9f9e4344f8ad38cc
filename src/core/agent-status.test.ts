import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AgentStatus } from '../schema/agent.ts'
import { agentStatus, type StatusFacts } from './agent-status.ts'

const running = { status: 'running', turn: 'idle', isUnknown: false } as const

test.for<[string, StatusFacts]>([
  ['asleep', { hold: null, run: null, queued: 0 }],
  ['waking', { hold: null, run: null, queued: 2 }],
  ['stopped', { hold: 'stopped', run: null, queued: 0 }],
  ['waking', { hold: null, run: { ...running, status: 'starting' }, queued: 0 }],
  ['idle', { hold: null, run: running, queued: 0 }],
  ['working', { hold: null, run: { ...running, turn: 'working' }, queued: 3 }],
  ['waiting', { hold: null, run: { ...running, turn: 'waiting' }, queued: 0 }],
  [
    'stopping',
    { hold: 'stopped', run: { ...running, status: 'stopping', turn: 'working' }, queued: 0 },
  ],
  ['unknown', { hold: null, run: { ...running, isUnknown: true }, queued: 0 }],
])('an agent is %s', ([status, facts]) => {
  expect(agentStatus(facts)).toBe(status)
})

test('every agent has one of the words', () => {
  const run = fc.record({
    status: fc.constantFrom('starting' as const, 'running' as const, 'stopping' as const),
    turn: fc.constantFrom('idle' as const, 'working' as const, 'waiting' as const),
    isUnknown: fc.boolean(),
  })
  fc.assert(
    fc.property(
      fc.constantFrom('stopped' as const, null),
      fc.option(run),
      fc.nat(),
      (hold, live, queued) => {
        expect(AgentStatus.options).toContain(agentStatus({ hold, run: live, queued }))
      },
    ),
  )
})
