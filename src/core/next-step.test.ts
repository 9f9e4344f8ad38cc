import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AgentModel } from '../../test/support/agent-model.ts'
import { options, story, upRun, view } from '../../test/support/agent-stories.ts'
import { Lifecycle } from '../schema/lifecycle.ts'
import { isFinalReceiptState } from '../schema/message.ts'
import type { AgentView, RunView } from './agent-view.ts'
import { joinableSteps, nextLook, nextStep } from './next-step.ts'

/** More steps than any story of that length can need. */
const enough = 1000

/** Settles, lets time pass to where something changes, and so on: all that happens by itself. */
function settleOverTime(model: AgentModel): void {
  for (let round = 0; round < 50; round++) {
    expect(model.settle(enough)).toBeLessThan(enough)
    if (!model.passToNextLook()) {
      return
    }
  }
}

const now = 1000
const hour = 3_600_000

test('whatever happens, steps come to an end and break no invariant', () => {
  fc.assert(
    fc.property(story, options, (acts, each) => {
      const model = new AgentModel(each)
      acts.forEach((one) => model.act(one))
      expect(model.settle(enough)).toBeLessThan(enough)
      if (model.isRemoved) {
        return
      }
      expect(model.view().unreleased === 0 || model.live !== null).toBe(true)
      expect(model.hold !== null && (model.live !== null || model.view().queued > 0)).toBe(false)
      expect(model.view().unwritten).toBe(0)
      expect(model.hold !== null && model.wish !== null).toBe(false)
    }),
    { numRuns: 3000 },
  )
})

test('a stopped agent never wakes, whatever time passes', () => {
  fc.assert(
    fc.property(story, story, options, (before, after, each) => {
      const model = new AgentModel(each)
      before.forEach((one) => model.act(one))
      model.act({ do: 'stop' })
      model.settle(enough)
      const runs = model.runs.length
      after.filter(({ do: name }) => name !== 'start').forEach((one) => model.act(one))
      settleOverTime(model)
      expect(model.isRemoved || model.live === null).toBe(true)
      expect(model.runs).toHaveLength(runs)
    }),
    { numRuns: 1000 },
  )
})

test('every message comes to a final receipt once programs answer and time passes', () => {
  fc.assert(
    fc.property(story, options, (acts, each) => {
      const model = new AgentModel(each)
      acts.forEach((one) => model.act(one))
      model.act({ do: 'uncrowd' })
      model.act({ do: 'end-job' })
      for (let round = 0; round <= acts.length; round++) {
        settleOverTime(model)
        model.act({ do: 'accept' })
        model.act({ do: 'end-turn' })
        model.act({ do: 'withdraw' })
      }
      expect(model.messages.filter(({ state }) => !isFinalReceiptState(state))).toEqual([])
      model.act({ do: 'sleep' })
      settleOverTime(model)
      expect(model.live?.suspension ?? 'suspended').toBe('suspended')
      model.act({ do: 'sleep-fully' })
      settleOverTime(model)
      expect(model.live).toBeNull()
    }),
    { numRuns: 1000 },
  )
})

test('an agent that is to be removed goes, whatever came before and comes in between', () => {
  fc.assert(
    fc.property(story, story, options, (before, after, each) => {
      const model = new AgentModel(each)
      before.forEach((one) => model.act(one))
      model.act({ do: 'remove' })
      after.forEach((one) => model.act(one))
      model.settle(enough)
      expect(model.isRemoved).toBe(true)
      expect(model.live).toBeNull()
    }),
    { numRuns: 1000 },
  )
})

test('a message to a sleeping agent makes a run, goes into its input, then the program starts', () => {
  const model = new AgentModel({ hasTurns: true })
  const steps: unknown[] = []
  model.act({ do: 'send' })
  for (;;) {
    const step = nextStep(model.view(), model.now)
    if (!step) {
      break
    }
    steps.push(step.do)
    model.settle(1)
  }
  expect(steps).toEqual(['create-run', 'assign-message', 'write-input', 'start-run'])
})

test('a held agent never gets a run', () => {
  const wish = fc.constantFrom('wake', 'sleep', null)
  const hold = fc.constantFrom('stopped', 'quarantined')
  fc.assert(
    fc.property(
      fc.record({ hold, wish, queued: fc.nat(3), unreleased: fc.nat(3), isRemoving: fc.boolean() }),
      (part) => {
        const step = nextStep(view(part), now)
        expect(step?.do).not.toBe('create-run')
        expect(step?.do).not.toBe('start-run')
      },
    ),
  )
})

test('a program is never started without its row, nor when it is to stop', () => {
  expect(nextStep(view({ wish: 'wake' }), now)).toEqual({ kind: 'record', do: 'create-run' })
  const starting: RunView = { ...upRun, status: 'starting', hasHandle: false }
  expect(nextStep(view({ run: starting }), now)).toEqual({ kind: 'act', do: 'start-run' })
  expect(nextStep(view({ run: starting, hold: 'stopped' }), now)).toEqual({
    kind: 'record',
    do: 'cancel-run',
  })
})

test('a start that can not be asked for is neither made again nor given up', () => {
  const run: RunView = { ...upRun, status: 'starting', hasHandle: false, isUnknown: true }
  expect(nextStep(view({ run, wish: 'wake' }), now)).toBeNull()
  expect(nextStep(view({ run, hold: 'stopped' }), now)).toBeNull()
  expect(nextStep(view({ run, isRemoving: true }), now)).toBeNull()
})

test('sleep waits for the turn and for what is queued; stop does not', () => {
  const working: RunView = { ...upRun, turn: 'working' }
  const step = (part: Partial<AgentView>): unknown => nextStep(view(part), now)
  expect(step({ run: working, open: 1, wish: 'sleep' })).toBeNull()
  expect(step({ run: upRun, wish: 'sleep', queued: 1 })).toMatchObject({ do: 'assign-message' })
  expect(step({ run: upRun, wish: 'sleep' })).toMatchObject({ do: 'request-stop', reason: 'sleep' })
  expect(step({ run: working, open: 1, hold: 'stopped' })).toMatchObject({
    do: 'request-stop',
    reason: 'stop',
  })
})

test('a program without turns is given every message at once', () => {
  const run = { ...upRun, hasTurns: false }
  expect(nextStep(view({ run, queued: 1, open: 3 }), now)).toMatchObject({ do: 'assign-message' })
  expect(nextStep(view({ run: upRun, queued: 1, open: 1 }), now)).toBeNull()
})

test('an agent falls asleep when it was idle long enough, and only then', () => {
  const idle = view({ run: upRun })
  expect(nextStep(idle, 100 + hour - 1)).toBeNull()
  expect(nextLook(idle, now)).toBe(100 + hour)
  expect(nextStep(idle, 100 + hour)).toMatchObject({ do: 'request-stop', reason: 'idle' })
})

const begunRun: RunView = { ...upRun, isBegun: true }

test.for<[string, Partial<AgentView>]>([
  ['a turn runs', { run: { ...upRun, turn: 'working' }, open: 1 }],
  ['a question is open', { run: { ...upRun, turn: 'waiting' }, open: 1 }],
  ['somebody is attached', { run: upRun, attached: 1 }],
  ['a background job lives', { run: { ...upRun, background: 1 } }],
  ['its idle time is 0', { run: upRun, lifecycle: Lifecycle.parse({ idleMs: 0 }) }],
  ['its runtime can not be asked', { run: { ...upRun, isUnknown: true } }],
  ['something else began its run', { run: { ...upRun, isBegun: true } }],
])('no agent falls asleep by itself while %s', ([, part]) => {
  expect(nextStep(view(part), 100 + 1000 * hour)).toBeNull()
})

test('idle time and age wait until those who were attached to the last daemon may be back', () => {
  const awaitedUntil = 100 + hour + 5000
  const idle = view({ run: upRun, awaitedUntil })
  expect(nextStep(idle, awaitedUntil - 1)).toBeNull()
  expect(nextLook(idle, now)).toBe(awaitedUntil)
  expect(nextStep(idle, awaitedUntil)).toMatchObject({ do: 'request-stop', reason: 'idle' })
  const lifecycle = Lifecycle.parse({ maxAgeMs: 5000, idleMs: 0 })
  const aged = view({ run: upRun, lifecycle, awaitedUntil })
  expect(nextStep(aged, awaitedUntil - 1)).toBeNull()
  expect(nextStep(aged, awaitedUntil)).toMatchObject({ do: 'request-stop', reason: 'age' })
})

test('a run that is too old ends at the turn boundary, before the next message is taken', () => {
  const lifecycle = Lifecycle.parse({ maxAgeMs: 5000 })
  const working: RunView = { ...upRun, turn: 'working' }
  expect(nextStep(view({ run: working, open: 1, lifecycle }), 9000)).toBeNull()
  expect(nextStep(view({ run: upRun, queued: 2, lifecycle }), 9000)).toMatchObject({
    do: 'request-stop',
    reason: 'age',
  })
})

test('a program that has a message and takes no turn is ended; one that took its first has all its time', () => {
  const run: RunView = { ...upRun, readyAt: null, turn: 'working' }
  const stuck = view({ run, open: 1, openSince: 500 })
  expect(nextLook(stuck, now)).toBe(500 + 120_000)
  expect(nextStep(stuck, 500 + 120_000)).toMatchObject({ do: 'request-stop', reason: 'unready' })
  const taken = view({ run: { ...run, readyAt: 600 }, open: 1, openSince: 500 })
  expect(nextStep(taken, 100 * hour)).toBeNull()
})

test('a fresh session is begun at the turn boundary, once', () => {
  const fresh = { ...upRun, isResumed: false, readyAt: null }
  expect(
    nextStep(view({ run: { ...upRun, turn: 'working' }, open: 1, isNew: true }), now),
  ).toBeNull()
  expect(nextStep(view({ run: upRun, isNew: true, queued: 1 }), now)).toMatchObject({
    do: 'request-stop',
    reason: 'new',
  })
  expect(nextStep(view({ run: fresh, isNew: true }), now)).toBeNull()
})

test.for<[string, Partial<AgentView>, string, number | null]>([
  ['is parked', { parkedUntil: 9000 }, 'parked', 9000],
  ['died just now', { notBefore: 3000 }, 'backoff', 3000],
  ['is supervised by something else', { isSupervised: true, hasUnit: true }, 'supervised', null],
  [
    'finds no room',
    { admission: { gate: 'admission', cause: 'full', mostMs: 10 } },
    'admission',
    null,
  ],
])('a message to one that %s waits, and says what for', ([, part, gate, until]) => {
  const step = nextStep(view({ ...part, queued: 1 }), now)
  expect(step).toMatchObject({ do: 'note-wait', gate: { gate, until } })
  const noted = view({ ...part, queued: 1, waiting: { gate, until, since: now } })
  expect(nextStep(noted, now)).toBeNull()
})

test('a start that waited too long for the machine is given up', () => {
  const crowded = view({
    queued: 1,
    admission: { gate: 'admission', cause: 'full', mostMs: 5000 },
    waiting: { gate: 'admission', until: null, since: 1000 },
  })
  expect(nextLook(crowded, now)).toBe(6000)
  expect(nextStep(crowded, 5999)).toBeNull()
  expect(nextStep(crowded, 6000)).toMatchObject({ do: 'give-up-wait', cause: 'full' })
})

test('who is parked wakes by itself when its time has come', () => {
  const parked = view({ parkedUntil: 9000 })
  expect(nextStep(parked, now)).toBeNull()
  expect(nextLook(parked, now)).toBe(9000)
  expect(nextStep(parked, 9000)).toMatchObject({ do: 'unpark' })
})

test('an ephemeral agent goes when its task is done, and stays when it failed', () => {
  const run = upRun
  expect(nextStep(view({ isEphemeral: true, task: 'done', run }), now)).toMatchObject({
    do: 'request-stop',
    reason: 'task',
  })
  expect(nextStep(view({ isEphemeral: true, task: 'done' }), now)).toMatchObject({
    do: 'remove-task',
  })
  expect(nextStep(view({ isEphemeral: true, task: 'failed' }), now)).toBeNull()
  expect(nextStep(view({ isEphemeral: true, task: 'failed', wish: 'wake' }), now)).toMatchObject({
    do: 'clear-wish',
  })
  expect(nextStep(view({ isEphemeral: true, task: 'failed', queued: 1 }), now)).toMatchObject({
    do: 'create-run',
  })
})

test('who has spent all refuses messages and gets no run', () => {
  expect(nextStep(view({ isOverBudget: true, queued: 1 }), now)).toMatchObject({
    do: 'refuse-messages',
  })
  expect(nextStep(view({ isOverBudget: true, wish: 'wake' }), now)).toMatchObject({
    do: 'clear-wish',
  })
})

test('only steps that write rows may join a request', () => {
  expect([...joinableSteps].toSorted()).toEqual([
    'assign-message',
    'create-run',
    'note-wait',
    'refuse-messages',
    'request-resume',
  ])
})

test.for<[string, Partial<AgentView>, string | null]>([
  ['is handed over', { isSupervised: true }, 'install-unit'],
  ['is told of a change while it runs', { isSupervised: true, run: begunRun }, 'install-unit'],
  ['is not handed over while it is stopped', { isSupervised: true, hold: 'stopped' }, null],
  ['is left alone', { isSupervised: true, hasUnit: true, run: begunRun }, null],
  [
    'gets a row for what began',
    { isSupervised: true, hasUnit: true, isFound: true },
    'take-found-run',
  ],
  [
    'is not begun by us as well',
    { isSupervised: true, hasUnit: true, run: { ...upRun, hasHandle: false } },
    'cancel-run',
  ],
  [
    'is left alone when it is stopped',
    { isSupervised: true, hasUnit: true, run: begunRun, hold: 'stopped' },
    null,
  ],
  [
    'still gets its answers when it is stopped',
    { isSupervised: true, hasUnit: true, run: begunRun, hold: 'stopped', unwritten: 1 },
    'write-input',
  ],
  [
    'is taken back first when it is removed',
    { isSupervised: true, hasUnit: true, run: begunRun, isRemoving: true },
    'uninstall-unit',
  ],
  [
    'is then ended like any other',
    { isSupervised: true, run: begunRun, isRemoving: true },
    'request-stop',
  ],
])("an agent of the machine's own supervisor %s", ([, part, step]) => {
  expect(nextStep(view(part), 100 + 1000 * hour)?.do ?? null).toBe(step)
})

test('a run of ours gives way to the one that its supervisor begins, at the turn boundary', () => {
  const supervised = { isSupervised: true, hasUnit: true }
  expect(nextStep(view({ ...supervised, run: upRun }), now)).toMatchObject({ reason: 'sleep' })
  const busy = { ...supervised, run: { ...upRun, turn: 'working' as const }, open: 1 }
  expect(nextStep(view(busy), now)).toBeNull()
})

test('who is suspended is resumed for a message, which then goes into the very input', () => {
  const model = new AgentModel({
    hasTurns: true,
    canSuspend: true,
    lifecycle: { rest: 'suspend' },
  })
  const steps: string[] = []
  const settle = (): void => {
    for (
      let step = nextStep(model.view(), model.now);
      step;
      step = nextStep(model.view(), model.now)
    ) {
      steps.push(step.do)
      model.settle(1)
    }
  }
  model.act({ do: 'wake' })
  settle()
  steps.length = 0
  model.passToNextLook()
  settle()
  expect(steps.splice(0)).toEqual(['request-suspend', 'suspend-run'])
  model.act({ do: 'send' })
  settle()
  expect(steps).toEqual(['request-resume', 'resume-run', 'assign-message', 'write-input'])
  expect(model.runs).toHaveLength(1)
})

const resting: RunView = { ...upRun, canSuspend: true, suspension: 'suspended', suspendedAt: 200 }
const long = 100 + 1000 * hour
const kept = Lifecycle.parse({ rest: 'suspend', suspendedMs: 0, maxAgeMs: 1000, wedgedMs: 1000 })

test.for<[string, Partial<AgentView>, string | null]>([
  ['rests, however old it is', { lifecycle: kept }, null],
  ['rests while somebody is still attached', { lifecycle: kept, attached: 1 }, null],
  ['is ended when it rested for long', {}, 'request-stop suspended'],
  ['is resumed for a message', { queued: 1 }, 'request-resume'],
  ['is resumed for a wake', { wish: 'wake' }, 'request-resume'],
  ['is resumed for an order', { unwritten: 1 }, 'request-resume'],
  [
    'is resumed for what it had begun with',
    { run: { ...resting, turn: 'working' } },
    'request-resume',
  ],
  ['is resumed for its jobs', { run: { ...resting, background: 1 } }, 'request-resume'],
  ['has what it was asked for', { lifecycle: kept, wish: 'suspend' }, 'clear-wish'],
  ['is ended when it is to sleep fully', { wish: 'sleep' }, 'request-stop sleep'],
  ['is resumed for its messages before', { wish: 'sleep', queued: 1 }, 'request-resume'],
  ['is ended when it is stopped', { hold: 'stopped', queued: 0 }, 'request-stop stop'],
  ['is ended when it is removed', { isRemoving: true }, 'request-stop remove'],
  ['is ended for a fresh session', { isNew: true, wish: 'wake' }, 'request-stop new'],
  [
    'is ended when its spec was changed',
    { run: { ...resting, isStale: true }, queued: 1 },
    'request-stop reload',
  ],
  ['is ended when it is out of quota', { parkedUntil: long + 1 }, 'request-stop park'],
  [
    'gives way to one that its supervisor begins',
    { isSupervised: true, hasUnit: true },
    'request-stop sleep',
  ],
  [
    'is left at rest when it is stopped and not ours to end',
    { run: { ...resting, isBegun: true }, hold: 'stopped', unwritten: 1 },
    null,
  ],
  [
    'is not touched while its runtime is silent',
    { run: { ...resting, isUnknown: true }, queued: 1 },
    null,
  ],
])('a run that is suspended %s', ([, part, told]) => {
  const step = nextStep(view({ run: resting, ...part }), long)
  const reason = step?.do === 'request-stop' ? ` ${step.reason}` : ''
  expect(step ? `${step.do}${reason}` : null).toBe(told)
})

test.for<[string, Partial<AgentView>, string | null]>([
  ['is suspended', {}, 'request-suspend'],
  ['is not, with somebody attached', { attached: 1 }, null],
  ['is not, in a turn', { run: { ...upRun, canSuspend: true, turn: 'working' }, open: 1 }, null],
  ['is not, with a job', { run: { ...upRun, canSuspend: true, background: 1 } }, null],
  ['is ended where that can not be', { run: upRun }, 'request-stop'],
  ['is ended when it is too old', { lifecycle: { ...kept, idleMs: 0 } }, 'request-stop'],
  ['is ended when it is to sleep fully', { wish: 'sleep' }, 'request-stop'],
])('an idle run that is to rest %s', ([, part, told]) => {
  const lifecycle = Lifecycle.parse({ rest: 'suspend' })
  const run: RunView = { ...upRun, canSuspend: true }
  expect(nextStep(view({ run, lifecycle, ...part }), long)?.do ?? null).toBe(told)
})

test.for<[string, Partial<AgentView>, string]>([
  ['goes on to its rest', {}, 'suspend-run'],
  [
    'is asked back for a message, though it may be at rest already',
    { queued: 1 },
    'request-resume',
  ],
  ['is ended when it is stopped', { hold: 'stopped' }, 'request-stop'],
])('a run on its way to its rest %s', ([, part, told]) => {
  const run: RunView = { ...upRun, canSuspend: true, suspension: 'suspending' }
  expect(nextStep(view({ run, ...part }), now)?.do).toBe(told)
})
