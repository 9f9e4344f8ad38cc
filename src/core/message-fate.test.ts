import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ReceiptState } from '../schema/message.ts'
import { messageFate, type RunOutcome } from './message-fate.ts'

const crash: RunOutcome = {
  status: 'failed',
  isUnstarted: false,
  isGivenUp: false,
  isMachineFault: false,
  errorClass: null,
  tellsTaken: true,
}
const fateOf = (state: ReceiptState, run: Partial<RunOutcome>, tries = 0): string =>
  messageFate({ state, tries, isSeed: false }, { ...crash, ...run }, 3).fate

test.for<[string, ReceiptState, Partial<RunOutcome>, string]>([
  ['taken by a program that died', 'accepted', {}, 'failed'],
  ['taken by a program that was stopped', 'accepted', { status: 'stopped' }, 'failed'],
  ['in its input and not taken', 'delivered', {}, 'again'],
  ['in the input of one that never tells', 'delivered', { tellsTaken: false }, 'failed'],
  ['in the input of one that left no record', 'delivered', { status: 'lost' }, 'failed'],
  ['given to one that never ran', 'delivered', { status: 'lost', isUnstarted: true }, 'again'],
  ['given to one that could not be brought up', 'waking', { isGivenUp: true }, 'again'],
  [
    'given to one that is misconfigured',
    'waking',
    { isGivenUp: true, errorClass: 'config' },
    'failed',
  ],
])('a message that was %s', ([, state, run, fate]) => {
  expect(fateOf(state, run)).toBe(fate)
})

test('after its last try it is dead; being stopped, or a full machine, is no try', () => {
  expect(fateOf('delivered', {}, 2)).toBe('dead')
  expect(fateOf('waking', { isGivenUp: true }, 2)).toBe('dead')
  expect(fateOf('delivered', { status: 'stopped' }, 2)).toBe('again')
  expect(fateOf('waking', { isGivenUp: true, isMachineFault: true }, 2)).toBe('again')
})

test('what a program has taken is never given to another, and an initial prompt to no other session', () => {
  const run = fc.record({
    status: fc.constantFrom('exited', 'failed', 'stopped', 'lost'),
    isUnstarted: fc.constant(false),
    isGivenUp: fc.boolean(),
    isMachineFault: fc.boolean(),
    errorClass: fc.constantFrom('auth', 'config', null),
    tellsTaken: fc.boolean(),
  })
  const state = fc.constantFrom<ReceiptState>('stored', 'waking', 'delivered', 'accepted')
  fc.assert(
    fc.property(run, state, fc.nat(5), fc.boolean(), (outcome, each, tries, isSeed) => {
      const { fate } = messageFate({ state: each, tries, isSeed }, outcome, 3)
      expect(fate === 'again' && (each === 'accepted' || isSeed)).toBe(false)
    }),
  )
})
