import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Decoder, DecoderState, ProviderEvent } from '../contract.ts'
import { createExecDecoder, encodeExecMessage } from './exec-decoder.ts'
import { carryState } from './state.ts'

/** What `codex exec --json` of Codex 0.169 printed, recorded, as the script hands it on. */
function turnOf(name: string, code = 0): string[] {
  const file = new URL(`../../../test/fixtures/samples/codex-exec-${name}.jsonl`, import.meta.url)
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return [...lines, JSON.stringify({ type: 'drover.ended', code })]
}

const ready = (mode: string): string => JSON.stringify({ type: 'drover.ready', mode })

function feed(decoder: Decoder, lines: readonly string[], stream: 'out' | 'err' = 'out') {
  return lines.flatMap((line) => decoder.push(stream, [line], { now: 1, isCut: false }))
}

function decode(
  lines: readonly string[],
  messages: readonly string[],
  state: DecoderState | null = null,
): ProviderEvent[] {
  const decoder = createExecDecoder(state)
  messages.forEach((id) => decoder.sent({ id, from: 'user', body: 'x' }, 1))
  return feed(decoder, lines)
}

const ended = (events: readonly ProviderEvent[]) =>
  events.filter((event) => event.type === 'turn.ended')

describe('turns that are programs', () => {
  test('begin and end in order, each with its reply', () => {
    const events = decode([ready('new'), ...turnOf('tool')], ['m1'])
    expect(events.map(({ type }) => type)).toEqual([
      'ready',
      'session',
      'status',
      'accepted',
      'turn.started',
      'tool.call',
      'tool.result',
      'text',
      'turn.ended',
    ])
    expect(events[6]).toEqual({
      type: 'tool.result',
      id: 'item_1',
      output: 'hi\nLinux\n',
      isError: false,
    })
    expect(ended(events)).toMatchObject([
      { message: 'm1', error: null, cost: { usd: null, inputTokens: 200, outputTokens: 40 } },
    ])
  })

  test('cost what the sum of their session grew by, in later runs too', () => {
    const decoder = createExecDecoder(null)
    decoder.sent({ id: 'm1', from: 'user', body: 'x' }, 1)
    const first = feed(decoder, [ready('new'), ...turnOf('a')])
    expect(ended(first)).toMatchObject([{ reply: 'echo: first cold', cost: { inputTokens: 100 } }])
    const carried = carryState(decoder.snapshot())
    const later = decode([ready('resume'), ...turnOf('resume')], ['m2'], carried)
    expect(ended(later)).toMatchObject([
      { reply: 'echo: resumed turn', cost: { inputTokens: 100, outputTokens: 20 } },
    ])
  })

  test('of a session that nobody counted are unmeasured, not its sum', () => {
    for (const mode of ['resume', 'fork']) {
      const events = decode([ready(mode), ...turnOf('resume')], ['m1'])
      expect(ended(events)).toMatchObject([{ cost: { inputTokens: null, outputTokens: null } }])
    }
  })

  test('that fail have failed with what was said, and its class', () => {
    const events = decode([ready('new'), ...turnOf('fail', 1)], ['m1'])
    const error = expect.stringContaining('high demand')
    expect(events.slice(-2)).toMatchObject([
      { type: 'error', class: 'overloaded', message: error },
      { type: 'turn.ended', message: 'm1', reply: '', error },
    ])
  })

  test('whose program was ended have failed, and the next is taken', () => {
    const decoder = createExecDecoder(null)
    decoder.sent({ id: 'm1', from: 'user', body: 'x' }, 1)
    expect(ended(feed(decoder, [ready('new'), ...turnOf('sigint', 130)]))).toMatchObject([
      { message: 'm1', error: 'codex exec ended with code 130' },
    ])
    decoder.sent({ id: 'm2', from: 'user', body: 'x' }, 1)
    expect(ended(feed(decoder, turnOf('a')))).toMatchObject([{ message: 'm2', error: null }])
  })
})

describe('a program that could not begin', () => {
  const told = 'Error: thread/resume: thread/resume failed: no rollout found for thread id 01a1'

  test('for want of its session is unusable', () => {
    const decoder = createExecDecoder(null)
    feed(decoder, [ready('resume')])
    decoder.sent({ id: 'm1', from: 'user', body: 'x' }, 1)
    feed(decoder, [told, '   0: <unknown>'], 'err')
    expect(feed(decoder, ['{"type":"drover.ended","code":1}'])).toMatchObject([
      { type: 'unusable', class: 'config', message: expect.stringContaining('no rollout found') },
    ])
  })

  test('for another reason fails its turn', () => {
    const decoder = createExecDecoder(null)
    feed(decoder, [ready('new')])
    decoder.sent({ id: 'm1', from: 'user', body: 'x' }, 1)
    feed(decoder, ['Error: config.toml is broken'], 'err')
    expect(ended(feed(decoder, ['{"type":"drover.ended","code":1}']))).toMatchObject([
      { message: 'm1', error: 'config.toml is broken' },
    ])
  })
})

test('a message that was to join a turn has one of its own, and says so', () => {
  const decoder = createExecDecoder(null)
  decoder.sent({ id: 'm1', from: 'user', body: 'x', isSteering: true }, 1)
  expect(feed(decoder, [ready('new'), ...turnOf('a')])).toContainEqual({
    type: 'accepted',
    message: 'm1',
    joined: false,
  })
})

test('a message is its session and its text, whatever that holds', () => {
  const message = { id: 'm', from: 'user', body: 'two\nlines and ü' }
  const encoded = Buffer.from(message.body).toString('base64')
  expect(encodeExecMessage(message, null)).toBe(`- ${encoded}\n`)
  expect(encodeExecMessage(message, { session: 's' })).toBe(`s ${encoded}\n`)
})
