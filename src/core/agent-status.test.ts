import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AgentStatus } from '../schema/agent.ts'
import { Suspension } from '../schema/run.ts'
import { agentStatus, type StatusFacts } from './agent-status.ts'

const running = {
  status: 'running',
  turn: 'idle',
  isUnknown: false,
  suspension: null,
  isBegun: false,
} as const
const resting: StatusFacts = { hold: null, isParked: false, isWanted: false, run: null }

test.for<[string, Partial<StatusFacts>]>([
  ['asleep', {}],
  ['waking', { isWanted: true }],
  ['stopped', { hold: 'stopped' }],
  ['failed', { hold: 'quarantined' }],
  ['parked', { isParked: true }],
  ['parked', { isParked: true, isWanted: true }],
  ['stopped', { isParked: true, hold: 'stopped' }],
  ['waking', { run: { ...running, status: 'starting' } }],
  ['idle', { run: running }],
  ['idle', { run: running, isParked: true }],
  ['working', { run: { ...running, turn: 'working' }, isWanted: true }],
  ['waiting', { run: { ...running, turn: 'waiting' } }],
  ['stopping', { hold: 'stopped', run: { ...running, status: 'stopping', turn: 'working' } }],
  ['stopped', { hold: 'stopped', run: { ...running, isBegun: true } }],
  ['idle', { run: { ...running, isBegun: true } }],
  ['stopping', { run: { ...running, suspension: 'suspending' } }],
  ['asleep', { run: { ...running, suspension: 'suspended' } }],
  ['asleep', { run: { ...running, suspension: 'suspended', isBegun: true } }],
  ['waking', { run: { ...running, suspension: 'resuming' }, isWanted: true }],
  ['stopping', { run: { ...running, status: 'stopping', suspension: 'suspended' } }],
  ['unknown', { run: { ...running, suspension: 'suspended', isUnknown: true } }],
  ['unknown', { run: { ...running, isUnknown: true } }],
])('an agent is %s', ([status, facts]) => {
  expect(agentStatus({ ...resting, ...facts })).toBe(status)
})

test('every agent has one of the words', () => {
  const run = fc.record({
    status: fc.constantFrom('starting' as const, 'running' as const, 'stopping' as const),
    turn: fc.constantFrom('idle' as const, 'working' as const, 'waiting' as const),
    isUnknown: fc.boolean(),
    suspension: fc.constantFrom(...Suspension.options, null),
    isBegun: fc.boolean(),
  })
  const facts = fc.record({
    hold: fc.constantFrom('stopped' as const, 'quarantined' as const, null),
    isParked: fc.boolean(),
    isWanted: fc.boolean(),
    run: fc.option(run),
  })
  fc.assert(
    fc.property(facts, (each) => {
      expect(AgentStatus.options).toContain(agentStatus(each))
    }),
  )
})
