import { describe, expect, test } from 'vitest'
import type { ProviderEvent, Reload } from '../contract.ts'
import { createRunnerDecoder, type RunnerWishes } from './runner-decoder.ts'
import { carryRunnerState } from './runner-state.ts'
import {
  answerRunner,
  encodeRunnerMessage,
  interruptRunner,
  reloadRunner,
} from './runner-orders.ts'

const message = (id: string) => ({ id, from: 'user', body: 'x' })

/** A reader that was given messages and printed lines; state goes through JSON after each line. */
function play(
  steps: readonly (string | object)[],
  wishes: RunnerWishes = {},
): { events: ProviderEvent[]; state: Record<string, unknown> } {
  let decoder = createRunnerDecoder(null, wishes)
  const events: ProviderEvent[] = []
  for (const step of steps) {
    events.push(
      ...(typeof step === 'string'
        ? decoder.sent(message(step), 1)
        : decoder.push('out', [JSON.stringify(step)], { now: 2, isCut: false })),
    )
    decoder = createRunnerDecoder(
      JSON.parse(JSON.stringify(decoder.snapshot())) as Record<string, unknown>,
      wishes,
    )
  }
  return { events, state: decoder.snapshot() }
}

const ready = (...can: string[]) => ({ type: 'ready', protocol: 1, session: 's', can })
const started = (id: string) => ({ type: 'agent_started', id })

describe('what a program says that it can', () => {
  test('is what is asked of it: all of a change or nothing', () => {
    const { state } = play([ready('model', 'persona')])
    const change: Reload = { model: 'big', persona: 'kind' }
    expect(reloadRunner(change, state)).toBe(
      '{"type":"set_model","model":"big"}\n{"type":"set_persona","persona":"kind"}\n',
    )
    expect(reloadRunner({ ...change, trigger: 'rex' }, state)).toBeNull()
    expect(reloadRunner({}, state)).toBeNull()
    expect(reloadRunner(change, play([{ type: 'ready' }]).state)).toBeNull()
    expect(reloadRunner(change, null)).toBeNull()
  })

  test('decides whether a turn is interrupted, and the turn is named', () => {
    const asked = (...steps: (string | object)[]) => interruptRunner(play(steps).state)
    expect(asked(ready('interrupt'), 'm1', started('m1'))).toBe('{"type":"interrupt","id":"m1"}\n')
    expect(asked(ready('interrupt'), 'm1')).toBe('{"type":"interrupt","id":"m1"}\n')
    expect(asked(ready('interrupt'), started('own'))).toBe('{"type":"interrupt"}\n')
    expect(asked(ready('interrupt'))).toBeNull()
    expect(
      asked(ready('interrupt'), 'm1', started('m1'), { type: 'agent_stopped', id: 'm1' }),
    ).toBeNull()
    expect(asked(ready('steer'), 'm1', started('m1'))).toBeNull()
    expect(interruptRunner(null)).toBeNull()
  })

  test.each(['model', 'persona', 'trigger'] as const)(
    'holds the %s of its spec, or the program is of no use for it',
    (field) => {
      const wishes = { [field]: 'x' }
      expect(play([ready(field)], wishes).events.at(-1)).toEqual({ type: 'ready' })
      for (const printed of [ready('resume'), { type: 'ready' }]) {
        expect(play([printed], wishes).events).toEqual([
          { type: 'unusable', class: 'config', message: expect.stringMatching(`^${field}: `) },
        ])
      }
    },
  )

  test('shows a session that can be resumed: where it says so, or says nothing at all', () => {
    const session = { type: 'session', session: 's' }
    expect(play([ready('resume')]).events).toContainEqual(session)
    expect(play([{ type: 'ready', session: 's' }]).events).toContainEqual(session)
    expect(play([ready('steer')]).events).not.toContainEqual(session)
  })

  test('is held to its word: a later run that names another session is of no use', () => {
    const before = play([ready('resume')]).state
    const resumed = (printed: object) =>
      createRunnerDecoder(carryRunnerState(before)).push('out', [JSON.stringify(printed)], {
        now: 1,
        isCut: false,
      })
    expect(resumed(ready('resume')).at(-1)).toEqual({ type: 'ready' })
    for (const printed of [
      { ...ready('resume'), session: 'another' },
      { ...ready('resume'), session: undefined },
      ready('steer'),
    ]) {
      expect(resumed(printed)).toEqual([
        { type: 'unusable', class: 'config', message: expect.stringContaining('session s,') },
      ])
    }
    // Also by the run after one that was of no use.
    expect(carryRunnerState(carryRunnerState(before))).toMatchObject({ resumes: 's' })
    expect(carryRunnerState(play([ready('steer')]).state)).toMatchObject({ resumes: null })
  })

  test('may be nonsense', () => {
    for (const can of ['interrupt', null, [7, {}], { interrupt: true }]) {
      expect(play([{ type: 'ready', can }]).state).toMatchObject({ can: [] })
    }
  })
})

describe('a message', () => {
  test('is the same query, steering or not, but for the word', () => {
    expect(encodeRunnerMessage(message('m1'))).toBe(
      '{"type":"query","id":"m1","text":"x","from":"user"}\n',
    )
    expect(encodeRunnerMessage({ ...message('m1'), isSteering: true })).toBe(
      '{"type":"query","id":"m1","text":"x","from":"user","steer":true}\n',
    )
  })

  test('that joins a turn is taken at once, ends with it, and costs nothing more', () => {
    const stopped = {
      type: 'agent_stopped',
      id: 'm1',
      reply: 'both',
      usage: { input_tokens: 5 },
      duration_ms: 1,
    }
    const { events } = play([
      'm1',
      started('m1'),
      'm2',
      { type: 'agent_joined', id: 'm2' },
      stopped,
    ])
    const end = { type: 'turn.ended', reply: 'both', error: null, durationMs: 1 }
    expect(events).toEqual([
      { type: 'accepted', message: 'm1' },
      { type: 'turn.started', message: 'm1' },
      { type: 'accepted', message: 'm2', joined: true },
      { type: 'text', text: 'both' },
      { ...end, message: 'm1', cost: { usd: null, inputTokens: 5, outputTokens: null } },
      { ...end, message: 'm2', cost: { usd: null, inputTokens: 0, outputTokens: null } },
    ])
  })

  test('that joins nothing begins a turn, and one that nobody gave is nothing', () => {
    const joined = { type: 'agent_joined', id: 'm1' }
    expect(play(['m1', joined]).events).toEqual([
      { type: 'accepted', message: 'm1' },
      { type: 'turn.started', message: 'm1' },
    ])
    expect(play([joined, joined]).events).toEqual([])
    expect(play(['m1', started('m1'), joined]).events).toHaveLength(2)
  })

  test('that was interrupted says so, and is no error of the program', () => {
    const { events } = play([
      'm1',
      started('m1'),
      { type: 'agent_stopped', id: 'm1', reply: 'ha', interrupted: true, error: 'aborted' },
    ])
    expect(events.at(-1)).toMatchObject({ reply: 'ha', error: 'interrupted' })
    expect(events.map(({ type }) => type)).not.toContain('error')
  })

  test('given first is meant, where the program mixes up ids; not by one that repeats itself', () => {
    expect(play(['m1', started('other')]).events).toContainEqual({
      type: 'accepted',
      message: 'm1',
    })
    const stopped = { type: 'agent_stopped', id: 'm1' }
    const repeated = play(['m1', started('m1'), stopped, 'm2', started('m1')]).events
    expect(repeated).not.toContainEqual({ type: 'accepted', message: 'm2' })
  })
})

describe('a question', () => {
  const question = { type: 'agent_question', id: 'q', tool: 'shell', input: ['ls'] }
  const asked = (n: number, fields = {}) => ({
    type: 'question',
    id: `question_${n}`,
    tool: 'shell',
    input: ['ls'],
    title: 'shell ["ls"]',
    reason: null,
    reply: { id: 'q' },
    ...fields,
  })

  test('becomes one, with its title and reason where it has them', () => {
    expect(play([question]).events).toEqual([asked(1)])
    const told = { title: 'Look around', reason: 'to see' }
    expect(play([{ ...question, ...told }]).events).toEqual([asked(1, told)])
    expect(play([{ type: 'agent_question', id: 'q' }]).events).toMatchObject([
      { tool: '', input: null, title: expect.any(String) },
    ])
  })

  test('is closed by the program, or by the end of its turn, once', () => {
    const closed = { type: 'question.closed', id: 'question_1' }
    const close = { type: 'agent_question_closed', id: 'q' }
    expect(play([question, close, close]).events).toEqual([asked(1), closed])
    const { events } = play([started('m1'), question, { type: 'agent_stopped', id: 'm1' }, close])
    expect(events.map(({ type }) => type)).toEqual([
      'turn.started',
      'question',
      'question.closed',
      'turn.ended',
    ])
  })

  test('that is asked twice is asked anew: the older one waits no more', () => {
    expect(play([question, question]).events).toEqual([
      asked(1),
      { type: 'question.closed', id: 'question_1' },
      asked(2),
    ])
  })

  test('has a title of one short line, whatever the program says', () => {
    const told = (title: unknown) =>
      play([{ ...question, title }]).events.flatMap((event) =>
        event.type === 'question' ? [event.title] : [],
      )[0]
    expect(told(' make\n a  file ')).toBe('make a file')
    expect(told('x'.repeat(10_000))).toHaveLength(200)
    for (const title of ['', '\n', 7, null]) {
      expect(told(title)).toBe('shell ["ls"]')
    }
  })

  test('is refused where too many are open', () => {
    const asking = Array.from({ length: 102 }, (_, n) => ({ ...question, id: `q${n}` }))
    const { events } = play(asking)
    expect(events.filter(({ type }) => type === 'question')).toHaveLength(100)
    expect(events.filter(({ type }) => type === 'error')).toHaveLength(2)
  })

  test('without an id is an error that says so', () => {
    expect(play([{ type: 'agent_question' }]).events).toMatchObject([
      { type: 'error', class: 'config', message: expect.stringContaining('"id"') },
    ])
  })

  test('is answered under the id that the program knows', () => {
    const answer = { isAllowed: false, isForSession: true, message: 'no' }
    const line = { type: 'answer', id: 'q', allow: false, for_session: true, message: 'no' }
    expect(JSON.parse(answerRunner(asked(1), answer))).toEqual(line)
    expect(answerRunner({ ...asked(1), reply: null }, answer)).toContain('"id":"question_1"')
  })
})

test('a state of an earlier version is taken up, in the middle of its turn', () => {
  const earlier = {
    v: 1,
    waiting: [],
    turn: { message: 'm1', startedAt: 1, text: 'a' },
    lastEnded: null,
    isInLine: false,
  }
  const events = createRunnerDecoder(earlier).push('out', ['{"type":"agent_stopped","id":"m1"}'], {
    now: 2,
    isCut: false,
  })
  expect(events).toMatchObject([{ type: 'turn.ended', message: 'm1', reply: 'a' }])
})
