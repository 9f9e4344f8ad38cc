import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Decoder, DecoderState, ProviderEvent } from '../contract.ts'
import { createClaudeDecoder } from './decoder.ts'
import { carryClaudeState } from './state.ts'
import { uuidOf } from './wire.ts'

/** What Claude Code 2.1 printed, recorded. */
function sample(name: string): string[] {
  const file = new URL(`../../../test/fixtures/samples/claude-${name}.jsonl`, import.meta.url)
  return readFileSync(file, 'utf8').split('\n').slice(0, -1)
}

function decode(
  lines: readonly string[],
  messages: readonly string[],
  state: DecoderState | null = null,
): ProviderEvent[] {
  const decoder = createClaudeDecoder(state)
  messages.forEach((id) => decoder.sent({ id, from: 'user', body: 'x' }, 1))
  return lines.flatMap((line) => decoder.push('out', [line], { now: 1, isCut: false }))
}

const push = (decoder: Decoder, line: string): ProviderEvent[] =>
  decoder.push('out', [line], { now: 1, isCut: false })
const lifecycle = (uuid: string, state: string): string =>
  JSON.stringify({ type: 'command_lifecycle', command_uuid: uuid, state, session_id: 's1' })
const typesOf = (events: readonly ProviderEvent[]): string[] => events.map(({ type }) => type)
const ofType = <T extends ProviderEvent['type']>(
  events: readonly ProviderEvent[],
  type: T,
): Extract<ProviderEvent, { type: T }>[] =>
  events.filter((event): event is Extract<ProviderEvent, { type: T }> => event.type === type)

describe('a recorded conversation', () => {
  const events = decode(sample('basic'), ['m1', 'm2', 'm3'])

  test('has one session, and each message its turn', () => {
    expect(ofType(events, 'session')).toEqual([
      { type: 'session', session: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    ])
    expect(
      ofType(events, 'turn.ended').map(({ message, reply, error }) => [message, reply, error]),
    ).toEqual([
      ['m1', 'echo: hello there', null],
      ['m2', 'reply two', null],
      ['m3', 'tool said: hi from tool\nLinux', null],
    ])
    expect(ofType(events, 'accepted').map(({ message }) => message)).toEqual(['m1', 'm2', 'm3'])
  })

  test('has its tool with what it gave', () => {
    expect(typesOf(events).slice(-6)).toEqual([
      'accepted',
      'turn.started',
      'tool.call',
      'tool.result',
      'text',
      'turn.ended',
    ])
    expect(ofType(events, 'tool.result')[0]).toMatchObject({
      output: 'hi from tool\nLinux',
      isError: false,
    })
  })

  test('costs what each turn added to the sum', () => {
    const costs = ofType(events, 'turn.ended').map(({ cost }) => cost)
    expect(costs.map(({ inputTokens, outputTokens }) => [inputTokens, outputTokens])).toEqual([
      [150, 20],
      [150, 20],
      [300, 40],
    ])
    expect(costs.map(({ cachedInputTokens }) => cachedInputTokens)).toEqual([50, 50, 100])
    const models = ofType(events, 'turn.ended').map(({ model }) => model)
    expect(new Set(models)).toEqual(new Set(['claude-opus-5-5']))
    expect(costs[1]?.usd).toBeCloseTo(0.00081, 8)
    expect(costs[2]?.usd).toBeCloseTo(0.00162, 8)
  })

  test('goes on counting from the sum of the run before', () => {
    const before = createClaudeDecoder(null)
    sample('basic').forEach((line) => before.push('out', [line], { now: 1, isCut: false }))
    const state = carryClaudeState(before.snapshot(), 'same')
    expect(state).toMatchObject({ open: [], session: null, totalUsd: expect.closeTo(0.00324, 8) })
  })

  test('after a terminal, where no sum was told, knows no dollars of its first turn, and those of the next', () => {
    const after = createClaudeDecoder(carryClaudeState({ given: [] }, 'other'))
    const said = sample('basic').flatMap((line) =>
      after.push('out', [line], { now: 1, isCut: false }),
    )
    const [first, second] = ofType(said, 'turn.ended').map(({ cost }) => cost)
    expect(first).toMatchObject({ usd: null, inputTokens: expect.any(Number) as number })
    expect(second?.usd).toBeCloseTo(0.00081, 8)
  })
})

test('a failed turn is an error with its class, whatever its subtype says, and tells of its tries', () => {
  const events = decode(sample('error').slice(0, 5), ['m1'])
  expect(typesOf(events)).toEqual([
    'session',
    'accepted',
    'turn.started',
    'status',
    'status',
    'text',
    'error',
    'turn.ended',
  ])
  expect(ofType(events, 'error')[0]).toMatchObject({
    class: 'overloaded',
    message: expect.stringContaining('529'),
  })
  expect(ofType(events, 'turn.ended')[0]).toMatchObject({
    message: 'm1',
    reply: '',
    error: expect.stringContaining('529'),
  })
})

test('a session that is not there fails the message that asked for it, and the run with it', () => {
  const missing = expect.stringContaining('No conversation found')
  expect(decode(sample('resume-missing'), ['m1'])).toEqual([
    expect.objectContaining({ type: 'turn.ended', message: 'm1', reply: '', error: missing }),
    { type: 'unusable', class: 'config', message: missing, retryAt: null },
  ])
  expect(typesOf(decode(sample('resume-missing'), []))).toEqual(['unusable'])
})

test('a message that joined a turn under way ends with it, and only the first bears the cost', () => {
  const joined = 'bbbbbbbb-0000-4000-8000-000000000001'
  const ended = ofType(decode(sample('midturn-steer'), ['m1', joined]), 'turn.ended')
  expect(ended.map(({ message, reply }) => [message, reply])).toEqual([
    ['m1', 'tool said: slept'],
    [joined, 'tool said: slept'],
  ])
  expect(ended[1]?.cost).toEqual({ usd: 0, inputTokens: 0, outputTokens: 0 })
})

describe('a message that is to join the turn under way', () => {
  const uuid = 'bbbbbbbb-0000-4000-8000-000000000001'
  const steer = (lines: readonly string[]) => {
    const decoder = createClaudeDecoder(null)
    decoder.sent({ id: 'm1', from: 'user', body: 'x' }, 1)
    const first = lines.slice(0, 3).flatMap((line) => push(decoder, line))
    decoder.sent({ id: uuid, from: 'user', body: 'x', isSteering: true }, 1)
    return [...first, ...lines.slice(3).flatMap((line) => push(decoder, line))]
  }

  test('has joined it when it was taken before its end, and has no turn of its own', () => {
    const events = steer(sample('midturn-steer'))
    expect(ofType(events, 'accepted').at(-1)).toEqual({
      type: 'accepted',
      message: uuid,
      joined: true,
    })
    expect(ofType(events, 'turn.started').map(({ message }) => message)).toEqual(['m1'])
  })

  test('has not when it was taken after, and then its turn is its own', () => {
    const [init = '', ...rest] = sample('midturn-steer')
    const isOfSteer = (line: string) => line.includes(uuid) && !line.includes('"result"')
    const started = lifecycle(uuid, 'started')
    const events = steer([init, ...rest.filter((line) => !isOfSteer(line)), started, init])
    expect(ofType(events, 'accepted').at(-1)).toEqual({
      type: 'accepted',
      message: uuid,
      joined: false,
    })
    expect(ofType(events, 'turn.started').map(({ message }) => message)).toEqual(['m1', uuid])
  })
})

describe('a message that has no turn', () => {
  test('since the session had it before ends at once, and says so', () => {
    const decoder = createClaudeDecoder(null)
    decoder.sent({ id: 'm1', from: 'user', body: 'x' }, 1)
    const [session, ended] = push(decoder, lifecycle(uuidOf('m1'), 'completed'))
    expect(session).toMatchObject({ type: 'session' })
    expect(ended).toMatchObject({
      type: 'turn.ended',
      message: 'm1',
      error: expect.stringContaining('from an earlier run'),
    })
    expect(decoder.snapshot()['open']).toEqual([])
  })

  test('since it was taken from the queue ends as interrupted', () => {
    const decoder = createClaudeDecoder(null)
    decoder.sent({ id: 'm1', from: 'user', body: 'x' }, 1)
    expect(push(decoder, lifecycle(uuidOf('m1'), 'queued')).slice(1)).toEqual([])
    expect(push(decoder, lifecycle(uuidOf('m1'), 'cancelled'))).toMatchObject([
      { type: 'turn.ended', message: 'm1', error: 'interrupted' },
    ])
  })

  test('is not one of another id', () => {
    const decoder = createClaudeDecoder(null)
    decoder.sent({ id: 'm1', from: 'user', body: 'x' }, 1)
    for (const state of ['started', 'completed', 'cancelled']) {
      expect(push(decoder, lifecycle('not-ours', state)).slice(-1)).not.toMatchObject([
        { message: expect.anything() },
      ])
    }
    expect(decoder.snapshot()['open']).toEqual([{ id: 'm1', isAccepted: false }])
  })
})

test('a turn that was broken off is interrupted, no failure; of its tokens nothing is known', () => {
  const events = decode(sample('interrupt-partial'), ['m1', 'm2', 'm3', 'm4', 'm5'])
  const ended = ofType(events, 'turn.ended')
  expect(ended.map(({ error }) => error)).toEqual(['interrupted', null, null, null, 'interrupted'])
  expect(ofType(events, 'error')).toEqual([])
  expect(ended[0]?.cost).toEqual({
    usd: expect.closeTo(0.00065, 8),
    inputTokens: null,
    outputTokens: null,
  })
})

describe('a cost', () => {
  const result = (total: unknown, rest: object = {}): string =>
    JSON.stringify({ type: 'result', is_error: false, result: '', total_cost_usd: total, ...rest })
  const init = JSON.stringify({ type: 'system', subtype: 'init', session_id: 's1' })

  test('is less than nothing when the sum shrinks, and counted on from there', () => {
    const events = decode([init, result(5), init, result(1), init, result(1.5)], ['a', 'b', 'c'])
    expect(ofType(events, 'turn.ended').map(({ cost }) => cost.usd)).toEqual([5, -4, 0.5])
  })

  test('that is no number is unmeasured', () => {
    const usd = [null, 'much', undefined].map(
      (total) => ofType(decode([init, result(total)], []), 'turn.ended')[0]?.cost.usd,
    )
    expect(usd).toEqual([null, null, null])
  })

  test('of a conversation that it began by itself is counted anew', () => {
    const other = JSON.stringify({ type: 'system', subtype: 'init', session_id: 's2' })
    const events = decode([init, result(0.5), other, result(0.1)], [])
    expect(ofType(events, 'session').map(({ session }) => session)).toEqual(['s1', 's2'])
    expect(ofType(events, 'turn.ended').map(({ cost }) => cost.usd)).toEqual([0.5, 0.1])
  })

  test('has parts that came from a cache and that were thought, and the model that answered', () => {
    const usage = {
      input_tokens: 10,
      cache_creation_input_tokens: 20,
      cache_read_input_tokens: 30,
      output_tokens: 7,
      output_tokens_details: { thinking_tokens: 5 },
    }
    const said = { type: 'assistant', message: { id: 'a', model: 'claude-x', content: [] } }
    const events = decode([init, JSON.stringify(said), result(1, { usage })], [])
    expect(ofType(events, 'turn.ended')[0]).toMatchObject({
      model: 'claude-x',
      cost: { inputTokens: 60, cachedInputTokens: 30, outputTokens: 7, reasoningTokens: 5 },
    })
  })
})

test('jobs beside its turns are counted, but for those that end without it', () => {
  const tasks = [
    { task_id: 'a' },
    { task_id: 'b', ambient: true },
    { task_id: 'c', off_host: true },
  ]
  const line = (value: unknown) =>
    JSON.stringify({ type: 'system', subtype: 'background_tasks_changed', tasks: value })
  expect(decode([line(tasks), line([]), line(null)], [])).toEqual([
    { type: 'background', jobs: 1 },
    { type: 'background', jobs: 0 },
    { type: 'background', jobs: 0 },
  ])
})

test('half a line and the end of the program leave its turn open: nobody knows how far it came', () => {
  const decoder = createClaudeDecoder(null)
  decoder.sent({ id: 'm1', from: 'user', body: 'x' }, 1)
  const [, , init = ''] = sample('basic')
  push(decoder, init)
  expect(decoder.push('out', ['{"type":"result","is_err'], { now: 1, isCut: true })).toEqual([
    { type: 'output', stream: 'out', text: '{"type":"result","is_err' },
  ])
  expect(decoder.ended(2, false)).toEqual([])
})

test('a state that an older Drover left is gone on with', () => {
  const old = { open: [{ id: 'm1', isAccepted: true }], session: 's1', totalUsd: 1, hasTurn: true }
  const end = { type: 'result', result: 'done', total_cost_usd: 3 }
  expect(decode([JSON.stringify(end)], [], old)).toMatchObject([
    { type: 'turn.ended', message: 'm1', reply: 'done', cost: { usd: 2 } },
  ])
})

test('text that came in pieces is not said again as a whole', () => {
  const events = decode(sample('interrupt-partial'), ['m1', 'm2'])
  const end = events.findIndex((event) => event.type === 'turn.ended' && event.message === 'm2')
  const start = events.findIndex((event) => event.type === 'turn.started' && event.message === 'm2')
  expect(
    ofType(events.slice(start, end), 'text')
      .map(({ text }) => text)
      .join(''),
  ).toBe('echo: after interrupt')
})

test('what is not stream-json is output, as it is', () => {
  const decoder = createClaudeDecoder(null)
  expect(
    decoder.push('out', ['no json', '', '{"type":"news"}', '{broken'], { now: 1, isCut: false }),
  ).toEqual([
    { type: 'output', stream: 'out', text: 'no json\n' },
    { type: 'output', stream: 'out', text: '{broken\n' },
  ])
  expect(decoder.push('err', ['{"type":"result"}'], { now: 1, isCut: false })).toEqual([
    { type: 'output', stream: 'err', text: '{"type":"result"}\n' },
  ])
  expect(decoder.push('out', ['{"type":"result"'], { now: 1, isCut: true })).toEqual([
    { type: 'output', stream: 'out', text: '{"type":"result"' },
  ])
})
