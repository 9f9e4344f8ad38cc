import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AgentModel } from '../../test/support/agent-model.ts'
import { options, story, upRun, view } from '../../test/support/agent-stories.ts'
import { messageRecord, whyFacts } from '../../test/support/why-facts.ts'
import { Why } from '../schema/why.ts'
import type { AgentView, RunView } from './agent-view.ts'
import { listGates, wakeGate } from './gates.ts'
import { listHolders } from './holders.ts'
import { nextLook, nextStep } from './next-step.ts'
import { explainAgent } from './why.ts'

const now = 1000
const hour = 3_600_000
const working: RunView = { ...upRun, turn: 'working' }
const crowded = { gate: 'admission', cause: 'the machine is full', mostMs: 60_000 } as const

describe('the gates', () => {
  test('are all told, in the order in which they are asked', () => {
    const closed = view({
      isRemoving: true,
      hold: 'stopped',
      isOverBudget: true,
      isSupervised: true,
      parkedUntil: 9000,
      notBefore: 3000,
      admission: crowded,
    })
    expect(listGates(closed, now).map(({ gate, closed: by }) => [gate, by !== null])).toEqual([
      ['removed', true],
      ['stopped', true],
      ['quarantined', false],
      ['over-budget', true],
      ['supervised', true],
      ['parked', true],
      ['backoff', true],
      ['queue', false],
      ['admission', true],
    ])
  })

  test('of which the first that is closed keeps an agent down', () => {
    const some = fc.record({
      isRemoving: fc.boolean(),
      hold: fc.constantFrom('stopped', 'quarantined', null),
      isOverBudget: fc.boolean(),
      isSupervised: fc.boolean(),
      parkedUntil: fc.constantFrom(null, 500, 9000),
      notBefore: fc.constantFrom(null, 500, 9000),
      admission: fc.constantFrom(null, crowded),
    })
    fc.assert(
      fc.property(some, (part) => {
        const first = listGates(view(part), now).find(({ closed }) => closed)?.closed ?? null
        expect(wakeGate(view(part), now)).toEqual(first)
      }),
    )
  })
})

describe('what holds an agent awake', () => {
  test.for<[string, Partial<AgentView>, [string, string][]]>([
    ['nothing, asleep', { queued: 1 }, []],
    ['nothing, while it is being ended', { run: { ...working, stopReason: 'stop' }, open: 1 }, []],
    [
      'its start',
      { run: { ...upRun, status: 'starting', hasHandle: false }, queued: 1 },
      [['starting', 'its program is coming up']],
    ],
    [
      'a turn, and what waits',
      { run: working, open: 1, queued: 2 },
      [
        ['turn', 'a turn is under way'],
        ['queued', '2 messages waiting for it'],
      ],
    ],
    [
      'a question',
      { run: { ...upRun, turn: 'waiting' }, open: 1 },
      [['question', 'it asks a person']],
    ],
    [
      'what its program has not answered',
      { run: { ...upRun, hasTurns: false }, open: 2 },
      [['input', "2 messages in its program's input"]],
    ],
    [
      'people and jobs',
      { run: { ...upRun, background: 1 }, attached: 1 },
      [
        ['attached', 'somebody is attached'],
        ['background', '1 background job'],
      ],
    ],
    ['its own last work', { run: upRun }, [['recent', 'it was not idle for long enough yet']]],
  ])('is %s', ([, part, told]) => {
    expect(listHolders(view(part)).map(({ what, text }) => [what, text])).toEqual(told)
  })

  test('is only its last work if time alone puts it to sleep, and then until that time', () => {
    fc.assert(
      fc.property(story, options, (acts, each) => {
        const model = new AgentModel(each)
        acts.forEach((one) => model.act(one))
        model.settle(1000)
        const [holder, ...others] = model.isRemoved ? [] : listHolders(model.view())
        const falls = model.live !== null && nextLook(model.view(), model.now)
        if (model.openQuestions().length > 0) {
          // When a question is denied is told by itself.
        } else if (holder?.what === 'recent') {
          expect(others).toEqual([])
          expect(falls).toBeLessThanOrEqual(holder.until ?? 0)
          expect(nextStep(model.view(), holder.until ?? 0)?.do).toMatch(/^request-(stop|suspend)$/)
        } else if (holder?.what === 'sleepless' && each.lifecycle?.maxAgeMs === 0) {
          expect(falls).toBeNull()
        } else if (holder && typeof falls === 'number') {
          // A program that does not begin is ended; one that nobody needs is as old as it may be.
          expect(nextStep(model.view(), falls)).not.toMatchObject({ reason: 'idle' })
        }
      }),
      { numRuns: 3000 },
    )
  })
})

describe('a message', () => {
  const place = (
    part: Partial<AgentView>,
    record: Parameters<typeof messageRecord>[0],
  ): unknown => {
    const [shown] = explainAgent(
      whyFacts({
        view: view({ queued: 1, ...part }),
        messages: { unfinished: [messageRecord(record)], troubled: [] },
      }),
    ).messages.shown
    return shown?.until === null ? shown.because : [shown?.because, shown?.until]
  }
  const given = { isGiven: true, isWritten: true, state: 'delivered' } as const

  test.for<[string, Partial<AgentView>, Parameters<typeof messageRecord>[0]]>([
    ['its agent is being woken for it', {}, {}],
    ['waits until the last run is cleared away', { unreleased: 1 }, {}],
    ['waits: the machine is full', { admission: crowded }, {}],
    ['is being refused', { hold: 'stopped' }, {}],
    ['waits until its program is up', { run: { ...upRun, hasHandle: false } }, {}],
    ['waits for the turn of another message', { run: working, open: 1 }, {}],
    [
      'waits for the next run, this one is being ended',
      { run: { ...upRun, stopReason: 'age' } },
      {},
    ],
    ['its agent is being woken for it, not taken 2 of 3 times', {}, { tries: 2 }],
    ['its agent is being woken for it, 4 before it', { queued: 5 }, {}],
    [
      "on its way into its program's input",
      { run: working },
      { ...given, isWritten: false, state: 'stored' },
    ],
    [
      'in the input of its program, which is coming up',
      { run: { ...working, hasHandle: false } },
      { ...given, state: 'waking' },
    ],
    ["in its program's input, not taken yet", { run: working }, given],
    ["in its program's input, not answered yet", { run: { ...upRun, hasTurns: false } }, given],
    ['its program works on it', { run: working }, { ...given, state: 'accepted' }],
    [
      'its program asks a person about it',
      { run: { ...upRun, turn: 'waiting' } },
      { ...given, state: 'accepted' },
    ],
    ['the agent is stopped', {}, { state: 'refused', cause: 'the agent is stopped' }],
  ])('is told where it is: %s', ([told, part, record]) => {
    expect(place(part, record)).toBe(told)
  })

  test('that waits for a time says until when', () => {
    expect(place({ parkedUntil: 9000 }, {})).toEqual(['waits: out of quota', 9000])
  })

  test('names the one whose turn it waits for', () => {
    const why = explainAgent(
      whyFacts({
        view: view({ run: working, open: 1, queued: 2 }),
        messages: {
          unfinished: [
            messageRecord({ id: 'one', ...given, state: 'accepted' }),
            messageRecord({ id: 'two' }),
            messageRecord({ id: 'three' }),
          ],
          troubled: [],
        },
      }),
    )
    expect(why.messages.shown.map(({ id, because }) => [id, because])).toEqual([
      ['one', 'its program works on it'],
      ['two', 'waits for the turn of one'],
      ['three', 'waits for the turn of one, 1 before it'],
    ])
  })
})

describe('why', () => {
  const stopped = { id: 'run_1', status: 'stopped', exitCode: 0, cause: 'idle', endedAt: 400 }

  test.for<[string, Parameters<typeof whyFacts>[0]]>([
    ['it has not run yet', {}],
    ['it had nothing to do', { lastRun: stopped }],
    ['asked to sleep', { lastRun: { ...stopped, cause: 'asked to sleep' } }],
    ['its program ended by itself', { lastRun: { ...stopped, status: 'exited', cause: null } }],
    [
      'its last run failed: exit code 3',
      { lastRun: { ...stopped, status: 'failed', cause: 'exit code 3' } },
    ],
    [
      'its last run is lost: it is gone',
      { lastRun: { ...stopped, status: 'lost', cause: 'it is gone' } },
    ],
    [
      'its task failed, so it is kept',
      { lastRun: stopped, view: view({ isEphemeral: true, task: 'failed' }) },
    ],
    ['a person stopped it', { status: 'stopped', view: view({ hold: 'stopped' }) }],
    [
      'it was given up: 3 deaths within 300 s: exit code 3',
      {
        status: 'failed',
        cause: '3 deaths within 300 s: exit code 3',
        view: view({ hold: 'quarantined' }),
      },
    ],
    [
      '5 hours of use are gone',
      { status: 'parked', cause: '5 hours of use are gone', view: view({ parkedUntil: 9000 }) },
    ],
    [
      'its program died: exit code 3',
      {
        status: 'waking',
        lastRun: { ...stopped, status: 'failed', cause: 'exit code 3' },
        view: view({ notBefore: 3000, wish: 'wake' }),
      },
    ],
    [
      'its program is coming up',
      { status: 'waking', view: view({ run: { ...upRun, hasHandle: false } }) },
    ],
    [
      "its runtime can't be asked; nothing of it is touched",
      { status: 'unknown', view: view({ run: upRun }) },
    ],
    [
      'its run is being ended: older than a run may be',
      { status: 'stopping', view: view({ run: { ...upRun, stopReason: 'age' } }) },
    ],
    ['it is being removed', { status: 'stopping', view: view({ run: upRun, isRemoving: true }) }],
    ['its program is up and has nothing to do', { status: 'idle', view: view({ run: upRun }) }],
    ['it works on a message', { status: 'working', view: view({ run: working, open: 1 }) }],
    ['it asks a person', { status: 'waiting', view: view({ run: { ...upRun, turn: 'waiting' } }) }],
  ])('is told: %s', ([told, facts]) => {
    const why = explainAgent(whyFacts(facts))
    expect(why.because).toBe(told)
    expect(Why.parse(why)).toEqual(why)
  })

  test('shows the last lines where they may tell why it is down, and only there', () => {
    const lines = ['no such model']
    const failed = { ...stopped, status: 'failed' }
    const linesOf = (part: Parameters<typeof whyFacts>[0]): string[] =>
      explainAgent(whyFacts({ lines, ...part })).lines
    expect(linesOf({ lastRun: failed })).toEqual(lines)
    expect(linesOf({ lastRun: stopped, view: view({ hold: 'quarantined' }) })).toEqual(lines)
    expect(linesOf({ lastRun: stopped })).toEqual([])
    expect(linesOf({ lastRun: failed, view: view({ run: upRun }) })).toEqual([])
  })

  test('an idle agent is told with what keeps it, until when, and what comes', () => {
    const why = explainAgent(whyFacts({ status: 'idle', view: view({ run: upRun }) }))
    expect(why).toMatchObject({
      since: 100,
      next: { what: 'sleeps', at: 100 + hour },
      holders: [{ what: 'recent', since: 100, until: 100 + hour }],
    })
    expect(why.gates.every(({ isOpen }) => isOpen)).toBe(true)
  })
})
