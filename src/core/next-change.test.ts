import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AgentModel } from '../../test/support/agent-model.ts'
import { options, story, upRun, view } from '../../test/support/agent-stories.ts'
import { Lifecycle } from '../schema/lifecycle.ts'
import type { ChangeKind } from '../schema/why.ts'
import type { AgentView, RunView } from './agent-view.ts'
import { nextChange, type NextChange } from './next-change.ts'
import { wantsUp } from './next-step.ts'

const now = 1000
const hour = 3_600_000

/** Takes all steps of the present; says what came of them first, as who looks from outside sees it. */
function settleAndSee(model: AgentModel): ChangeKind | null {
  let seen: ChangeKind | null = null
  const runs = model.runs.length
  for (;;) {
    const look = lookAt(model)
    if (model.settle(1) === 0) {
      return seen
    }
    // That its run ended is part of its going.
    const isGone: boolean = model.isRemoved && model.runs.length === runs && !isBefore(seen)
    seen = isGone ? 'goes' : (seen ?? changeSeen(model, look))
  }
}

/** Seen by itself, though the agent went at once after it. */
function isBefore(seen: ChangeKind | null): boolean {
  return seen === 'wakes' || seen === 'takes-message' || seen === 'gives-up' || seen === 'denies'
}

interface Look {
  live: AgentModel['live']
  isUp: boolean
  suspension: RunView['suspension']
  given: number
  questions: number
  gate: string | null
  /** It has waited for the machine as long as it may. */
  hasWaited: boolean
}

function lookAt(model: AgentModel): Look {
  const { live, waiting } = model
  return {
    live,
    isUp: live?.hasHandle ?? false,
    suspension: live?.suspension ?? null,
    given: (live?.input.length ?? 0) + model.writtenAnswers,
    questions: model.openQuestions().length,
    gate: waiting?.gate ?? null,
    // A wish to sleep ends a wait, too.
    hasWaited:
      waiting?.gate === 'admission' &&
      model.wish !== 'sleep' &&
      wantsUp(model.view()) &&
      model.now >= waiting.since + 60_000,
  }
}

/** What one step changed. */
function changeSeen(model: AgentModel, before: Look): ChangeKind | null {
  const after = lookAt(model)
  const { live } = before
  if (!model.isRemoved && after.questions < before.questions) {
    return 'denies'
  }
  if (live && live !== after.live) {
    return endSeen(live.status, live.stopReason)
  }
  if (after.isUp && !before.isUp) {
    return 'wakes'
  }
  if (after.suspension !== before.suspension) {
    return after.suspension === null || after.suspension === 'resuming' ? 'wakes' : 'sleeps'
  }
  if (before.isUp) {
    return after.given > before.given ? 'takes-message' : null
  }
  if (before.hasWaited && after.gate === null && !after.live && model.hold === null) {
    return 'gives-up'
  }
  return after.gate !== null && before.gate !== after.gate ? 'looks-again' : null
}

function endSeen(status: string, reason: string | null): ChangeKind {
  if (status === 'failed') {
    return 'fails'
  }
  switch (reason) {
    case 'new':
      return 'renews'
    case 'restart':
      return 'restarts'
    case 'age':
    case 'suspended':
      return 'ends-run'
    case 'stop':
      return 'stops'
    default:
      return reason === null ? 'stops' : 'sleeps'
  }
}

/** Programs answer, jobs end, people go, the machine has room. */
function freeAll(model: AgentModel): void {
  while (model.attached > 0) {
    model.act({ do: 'detach' })
  }
  model.act({ do: 'end-job' })
  model.act({ do: 'uncrowd' })
  model.act({ do: 'withdraw' })
  while (model.view().open > 0) {
    model.act({ do: 'end-turn' })
  }
}

/** Settles what is to do at once; that it begins to wait is no news then. */
function settleNow(model: AgentModel): ChangeKind | null {
  const seen = settleAndSee(model)
  return seen === 'looks-again' ? null : seen
}

/** Lets time pass from one look to the next until something is seen. */
function seeOverTime(model: AgentModel): ChangeKind | null {
  let seen = settleNow(model)
  for (let round = 0; round < 50 && seen === null && model.passToNextLook(); round++) {
    seen = settleAndSee(model)
  }
  return seen
}

function expectToHappen(model: AgentModel, change: NextChange | null): void {
  const seen = change?.what === 'restarts' && !model.live ? 'wakes' : (change?.what ?? null)
  if (change === null) {
    expect(seeOverTime(model)).toBeNull()
    freeAll(model)
    expect(seeOverTime(model)).toBeNull()
  } else if (change.at === null) {
    expect(seeOverTime(model)).toBeNull()
    freeAll(model)
    expect(seeOverTime(model)).toBe(seen)
  } else {
    if (change.at > model.now) {
      expect(settleNow(model)).toBeNull()
      model.now = change.at - 1
      expect(settleAndSee(model)).toBeNull()
      model.now = change.at
    }
    expect(settleAndSee(model)).toBe(seen)
  }
}

test('what is said to come next is what happens, and not before its time', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(story, options, (acts, each) => {
      const model = new AgentModel(each)
      // Whether a start, or a return, goes well is nobody's to know before.
      acts
        .filter(({ do: name }) => name !== 'break-start' && name !== 'break-move')
        .forEach((one) => model.act(one))
      if (!model.isRemoved) {
        const change = nextChange(model.view(), model.now)
        seen.add(
          change ? `${change.what} ${change.at === null ? 'once free' : 'by time'}` : 'nothing',
        )
        expectToHappen(model, change)
      }
    }),
    { numRuns: 20_000 },
  )
  // Most kinds, so that it is no empty promise.
  expect(seen.size).toBeGreaterThan(8)
})

const resting: RunView = { ...upRun, suspension: 'suspended', suspendedAt: 100 }
const working: RunView = { ...upRun, turn: 'working' }
const task = { isEphemeral: true, open: 1, run: working } as const
const crowded = { gate: 'admission', cause: 'the machine is full', mostMs: 60_000 } as const
const others = { gate: 'queue', cause: '4 of 4 are at work', mostMs: null } as const

test.for<[string, Partial<AgentView>, string]>([
  ['idle', { run: upRun }, `sleeps at ${100 + hour}, after 1 h without work`],
  [
    'idle, and never falls asleep',
    { run: upRun, lifecycle: Lifecycle.parse({ idleMs: 0 }) },
    'nothing',
  ],
  [
    'idle, and is to be suspended',
    { run: { ...upRun, canSuspend: true }, lifecycle: Lifecycle.parse({ rest: 'suspend' }) },
    `sleeps at ${100 + hour}, after 1 h without work, its program kept as it is`,
  ],
  ['suspended', { run: resting }, `ends-run at ${100 + 24 * hour}, for it was suspended for long`],
  [
    'suspended with a message',
    { run: resting, queued: 1 },
    'wakes at 1000, for the message that waits',
  ],
  ['in a turn', { run: working, open: 1 }, 'sleeps once its turn is over, after 1 h without work'],
  [
    'in a turn and has more',
    { run: working, open: 1, queued: 2 },
    'takes-message once its turn is over',
  ],
  [
    'in a turn with somebody attached, and has more',
    { run: working, open: 1, queued: 2, attached: 1 },
    'takes-message once its turn is over',
  ],
  [
    'in a turn with a job and somebody attached',
    { run: { ...working, background: 2 }, open: 1, attached: 1 },
    'sleeps once its turn is over, its background jobs are over and nobody is attached, after 1 h without work',
  ],
  [
    'asking a person until a time',
    {
      run: { ...upRun, turn: 'waiting' },
      open: 1,
      queued: 1,
      questions: 1,
      questionDueAt: now + hour,
    },
    `denies at ${now + hour}, unless somebody answers before`,
  ],
  [
    'down, and its run had asked a person',
    { questionDueAt: now - 1 },
    `denies at ${now}, as nobody answered in time`,
  ],
  [
    'asked to sleep in a turn',
    { run: working, open: 1, wish: 'sleep' },
    'sleeps once its turn is over, as it was asked to',
  ],
  [
    'asking a person',
    { run: { ...upRun, turn: 'waiting' }, open: 1, queued: 1 },
    'takes-message once its question is answered',
  ],
  ['at its one task', task, 'goes once its turn is over'],
  [
    'slow to begin',
    { run: { ...working, readyAt: null }, open: 1, openSince: 500 },
    'fails at 120500, unless it begins with its message before',
  ],
  ['asleep', {}, 'nothing'],
  ['stopped', { hold: 'stopped', parkedUntil: 9000 }, 'nothing'],
  ['parked', { parkedUntil: 9000 }, 'wakes at 9000, when its quota is back'],
  ['parked over budget', { parkedUntil: 9000, isOverBudget: true }, 'nothing'],
  [
    'dead and wanted',
    { notBefore: 3000, wish: 'wake' },
    'restarts at 3000, since its program died',
  ],
  ['dead with a message', { notBefore: 3000, queued: 1 }, 'wakes at 3000, since its program died'],
  [
    'dead on a full machine',
    { notBefore: 3000, queued: 1, admission: crowded },
    'looks-again at 3000, since the machine is full',
  ],
  [
    'waiting for the machine',
    { queued: 1, admission: crowded, waiting: { gate: 'admission', until: null, since: 900 } },
    'gives-up at 60900, unless the machine has room before',
  ],
  ['behind other tasks', { queued: 1, admission: others }, 'wakes once others before it are done'],
  [
    'supervised',
    { queued: 1, isSupervised: true, hasUnit: true },
    'wakes once something else brings its program up',
  ],
  [
    'coming up',
    { run: { ...upRun, hasHandle: false, status: 'starting' } },
    'wakes at 1000, its program is coming up',
  ],
  [
    'out of reach',
    { run: { ...working, isUnknown: true }, open: 1 },
    'looks-again until its runtime answers',
  ],
  [
    'being stopped',
    { hold: 'stopped', run: { ...upRun, status: 'stopping', stopReason: 'stop' } },
    'stops at 1000, as it was asked to',
  ],
])('what comes next for an agent that is %s is told', ([, part, told]) => {
  const change = nextChange(view(part), now)
  const when = change?.at === null ? '' : ` at ${change?.at},`
  expect(change ? `${change.what}${when} ${change.reason}` : 'nothing').toBe(told)
})
