import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { DecoderState, ProviderEvent } from '../contract.ts'
import { carryClaudeState, createClaudeDecoder } from './decoder.ts'

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

  test('is less than nothing when the sum shrinks, and counted on from there', () => {
    const total = (usd: number): string => JSON.stringify({ type: 'result', total_cost_usd: usd })
    const ended = ofType(decode([total(5), total(1), total(1.5)], ['a', 'b', 'c']), 'turn.ended')
    expect(ended.map(({ cost }) => cost.usd)).toEqual([5, -4, 0.5])
  })

  test('goes on counting from the sum of the run before', () => {
    const before = createClaudeDecoder(null)
    sample('basic').forEach((line) => before.push('out', [line], { now: 1, isCut: false }))
    const state = carryClaudeState(before.snapshot())
    expect(state).toMatchObject({ open: [], session: null, totalUsd: expect.closeTo(0.00324, 8) })
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

test('a session that is not there fails the message that asked for it', () => {
  expect(decode(sample('resume-missing'), ['m1'])).toEqual([
    {
      type: 'error',
      class: 'config',
      message: expect.stringContaining('No conversation found'),
      retryAt: null,
    },
    {
      type: 'turn.ended',
      message: 'm1',
      reply: '',
      error: expect.stringContaining('No conversation found'),
      cost: { usd: 0, inputTokens: 0, outputTokens: 0, cachedInputTokens: 0, reasoningTokens: 0 },
      model: null,
      durationMs: 0,
    },
  ])
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
