import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AgentModel, type Act } from '../../test/support/agent-model.ts'
import { isFinalReceiptState } from '../schema/message.ts'
import type { AgentView } from './agent-view.ts'
import { joinableSteps, nextStep } from './next-step.ts'

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.constantFrom<Act>(
    { do: 'send' },
    { do: 'send' },
    { do: 'send' },
    { do: 'stop' },
    { do: 'start' },
    { do: 'wake' },
    { do: 'sleep' },
    { do: 'accept' },
    { do: 'end-turn' },
    { do: 'end-turn' },
    { do: 'break-start' },
  ),
  fc.constantFrom('exited', 'failed', 'lost').map((how) => ({ do: 'end-run', how }) as const),
  fc
    .constantFrom('running', 'exited', 'lost', 'unstarted')
    .map((found) => ({ do: 'restart', found }) as const),
  fc.integer({ min: 1, max: 5 }).map((count) => ({ do: 'steps', count }) as const),
)
const story = fc.array(act, { maxLength: 40 })

/** More steps than any story of that length can need. */
const enough = 1000

const view = (part: Partial<AgentView>): AgentView => ({
  hold: null,
  wish: null,
  isRemoving: false,
  run: null,
  queued: 0,
  open: 0,
  unwritten: 0,
  unreleased: 0,
  ...part,
})
const upRun = {
  status: 'running',
  turn: 'idle',
  hasHandle: true,
  stopReason: null,
  hasTurns: true,
} as const

test('whatever happens, steps come to an end and break no invariant', () => {
  fc.assert(
    fc.property(story, fc.boolean(), (acts, hasTurns) => {
      const model = new AgentModel(hasTurns)
      acts.forEach((each) => model.act(each))
      expect(model.settle(enough)).toBeLessThan(enough)
      expect(model.view().unreleased === 0 || model.live !== null).toBe(true)
      expect(model.hold !== null && (model.live !== null || model.view().queued > 0)).toBe(false)
      expect(model.view().unwritten).toBe(0)
      // Callers wait for a wish to be gone; only sleep may wait for a turn.
      expect(model.wish === null || (model.wish === 'sleep' && model.live !== null)).toBe(true)
      expect(model.hold !== null && model.wish !== null).toBe(false)
    }),
    { numRuns: 3000 },
  )
})

test('every message comes to a final receipt once programs answer', () => {
  fc.assert(
    fc.property(story, fc.boolean(), (acts, hasTurns) => {
      const model = new AgentModel(hasTurns)
      acts.forEach((each) => model.act(each))
      for (let round = 0; round <= acts.length; round++) {
        model.settle(enough)
        model.act({ do: 'end-turn' })
      }
      expect(model.messages.filter(({ state }) => !isFinalReceiptState(state))).toEqual([])
      model.act({ do: 'sleep' })
      expect(model.settle(enough)).toBeLessThan(enough)
      expect(model.live).toBeNull()
    }),
    { numRuns: 1000 },
  )
})

test('an agent that is to be removed goes, whatever came before and comes in between', () => {
  fc.assert(
    fc.property(story, story, fc.boolean(), (before, after, hasTurns) => {
      const model = new AgentModel(hasTurns)
      before.forEach((each) => model.act(each))
      model.act({ do: 'remove' })
      after.forEach((each) => model.act(each))
      model.settle(enough)
      expect(model.isRemoved).toBe(true)
      expect(model.live).toBeNull()
    }),
    { numRuns: 1000 },
  )
})

test('a message to a sleeping agent makes a run, goes into its input, then the program starts', () => {
  const model = new AgentModel(true)
  const steps: unknown[] = []
  model.act({ do: 'send' })
  for (let step = nextStep(model.view()); step; step = nextStep(model.view())) {
    steps.push(step.do)
    model.settle(1)
  }
  expect(steps).toEqual(['create-run', 'assign-message', 'write-input', 'start-run'])
})

test('a held agent never gets a run', () => {
  const wish = fc.constantFrom('wake', 'sleep', null)
  fc.assert(
    fc.property(
      wish,
      fc.nat(3),
      fc.nat(3),
      fc.boolean(),
      (wished, queued, unreleased, isRemoving) => {
        const step = nextStep(
          view({ hold: 'stopped', wish: wished, queued, unreleased, isRemoving }),
        )
        expect(step?.do).not.toBe('create-run')
        expect(step?.do).not.toBe('start-run')
      },
    ),
  )
})

test('a program is never started without its row, nor when it is to stop', () => {
  expect(nextStep(view({ wish: 'wake' }))).toEqual({ kind: 'record', do: 'create-run' })
  const starting = { ...upRun, status: 'starting', hasHandle: false } as const
  expect(nextStep(view({ run: starting }))).toEqual({ kind: 'act', do: 'start-run' })
  expect(nextStep(view({ run: starting, hold: 'stopped' }))).toEqual({
    kind: 'record',
    do: 'cancel-run',
  })
})

test('sleep waits for the turn and for what is queued; stop does not', () => {
  const working = { ...upRun, turn: 'working' } as const
  expect(nextStep(view({ run: working, open: 1, wish: 'sleep' }))).toBeNull()
  expect(nextStep(view({ run: upRun, wish: 'sleep', queued: 1 }))).toEqual({
    kind: 'record',
    do: 'assign-message',
  })
  expect(nextStep(view({ run: upRun, wish: 'sleep' }))).toEqual({
    kind: 'record',
    do: 'request-stop',
  })
  expect(nextStep(view({ run: working, open: 1, hold: 'stopped' }))).toEqual({
    kind: 'record',
    do: 'request-stop',
  })
})

test('a program without turns is given every message at once', () => {
  const run = { ...upRun, hasTurns: false }
  expect(nextStep(view({ run, queued: 1, open: 3 }))).toEqual({
    kind: 'record',
    do: 'assign-message',
  })
  expect(nextStep(view({ run: upRun, queued: 1, open: 1 }))).toBeNull()
})

test('only steps that write rows may join a request', () => {
  expect([...joinableSteps].toSorted()).toEqual(['assign-message', 'create-run', 'refuse-messages'])
})
