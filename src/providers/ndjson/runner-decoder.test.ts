import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProviderEvent } from '../contract.ts'
import { encodeRunnerLine, type RunnerOutput } from './protocol.ts'
import { createRunnerDecoder } from './runner-decoder.ts'

const message = (id: string) => ({ id, from: 'user', body: 'x' })

function stopped(
  id: string,
  fields: Partial<Extract<RunnerOutput, { type: 'agent_stopped' }>> = {},
): RunnerOutput {
  const usage = { input_tokens: 1, output_tokens: 2 }
  return {
    type: 'agent_stopped',
    id,
    reply: 'hi',
    usage,
    cost_usd: 0.5,
    duration_ms: 7,
    error: null,
    ...fields,
  }
}

/** Events for objects printed after `m1` and `m2` went in. */
function decode(
  ...printed: readonly (RunnerOutput | Record<string, unknown> | string)[]
): ProviderEvent[] {
  const decoder = createRunnerDecoder(null)
  decoder.sent(message('m1'), 1)
  decoder.sent(message('m2'), 1)
  const lines = printed.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
  return decoder.push('out', lines, { now: 10, isCut: false })
}

function text(id: string | null, said: string): RunnerOutput {
  return { type: 'agent_event', id, event: { type: 'text', text: said } }
}

const ended = (id: string | null, fields: object = {}) => ({
  type: 'turn.ended',
  message: id,
  reply: 'hi',
  error: null,
  cost: { usd: 0.5, inputTokens: 1, outputTokens: 2 },
  durationMs: 7,
  ...fields,
})

describe('the reader of the runner protocol', () => {
  test('turns a whole conversation into events, joining deltas of one push', () => {
    const events = decode(
      { type: 'ready', protocol: 1, session: 's1' },
      { type: 'agent_started', id: 'm1' },
      text('m1', 'h'),
      text('m1', 'i'),
      {
        type: 'agent_event',
        id: 'm1',
        event: { type: 'tool_call', id: 't', name: 'look', input: { at: 1 } },
      },
      {
        type: 'agent_event',
        id: 'm1',
        event: { type: 'tool_result', id: 't', output: 'seen', is_error: true },
      },
      stopped('m1'),
    )
    expect(events).toEqual([
      { type: 'session', session: 's1' },
      { type: 'ready' },
      { type: 'accepted', message: 'm1' },
      { type: 'turn.started', message: 'm1' },
      { type: 'text', text: 'hi' },
      { type: 'tool.call', id: 't', name: 'look', input: { at: 1 } },
      { type: 'tool.result', id: 't', output: 'seen', isError: true },
      ended('m1'),
    ])
  })

  test('quotes the reply of a program that printed no text', () => {
    expect(decode({ type: 'agent_started', id: 'm1' }, stopped('m1')).slice(2)).toEqual([
      { type: 'text', text: 'hi' },
      ended('m1'),
    ])
  })

  test('makes the reply from the texts where it is left out, and the time from its own clock', () => {
    const events = decode({ type: 'agent_started', id: 'm1' }, text('m1', 'said'), {
      type: 'agent_stopped',
      id: 'm1',
    })
    const cost = { usd: null, inputTokens: null, outputTokens: null }
    expect(events.at(-1)).toEqual(ended('m1', { reply: 'said', cost, durationMs: 0 }))
  })

  test('tells the class of an error once, and its words in the end of the turn', () => {
    const error = { class: 'rate_limit' as const, message: 'slow down' }
    const events = decode({ type: 'agent_started', id: 'm1' }, stopped('m1', { reply: '', error }))
    expect(events.slice(2)).toEqual([
      { type: 'error', ...error },
      ended('m1', { reply: '', error: 'slow down' }),
    ])
  })

  test('begins the turn of a program that forgot to say so', () => {
    expect(decode(text('m1', 'hi'), stopped('m1'))).toEqual([
      { type: 'accepted', message: 'm1' },
      { type: 'turn.started', message: 'm1' },
      { type: 'text', text: 'hi' },
      ended('m1'),
    ])
  })

  test('takes a wrong or missing id for the turn that is open', () => {
    for (const id of ['who?', undefined, 7]) {
      const events = decode({ type: 'agent_started', id }, text('m1', 'hi'), {
        ...stopped('m1'),
        id,
      })
      expect(events.at(-1)).toEqual(ended('m1'))
    }
  })

  test('does not end a turn twice', () => {
    const events = decode({ type: 'agent_started', id: 'm1' }, stopped('m1'), stopped('m1'))
    expect(events.filter(({ type }) => type === 'turn.ended')).toHaveLength(1)
  })

  test('ends a turn that the next one overtakes', () => {
    const events = decode({ type: 'agent_started', id: 'm1' }, { type: 'agent_started', id: 'm2' })
    expect(events.slice(2)).toMatchObject([
      { type: 'turn.ended', message: 'm1', error: expect.stringContaining('without ending') },
      { type: 'accepted', message: 'm2' },
      { type: 'turn.started', message: 'm2' },
    ])
  })

  test('shows stderr and lines that are no message as output, with their newline', () => {
    expect(decode('oops', '', '[1]')).toEqual([
      { type: 'output', stream: 'out', text: 'oops\n[1]\n' },
    ])
    const decoder = createRunnerDecoder(null)
    expect(decoder.push('err', ['{"type":"ready"}'], { now: 1, isCut: false })).toEqual([
      { type: 'output', stream: 'err', text: '{"type":"ready"}\n' },
    ])
  })

  test('does not read the rest of a cut line as a message', () => {
    const decoder = createRunnerDecoder(null)
    const ready = encodeRunnerLine({ type: 'ready', protocol: 1 }).trim()
    const cut = decoder.push('out', [`{"type":"x${'y'.repeat(10)}`], { now: 1, isCut: true })
    const later = createRunnerDecoder(decoder.snapshot())
    expect([...cut, ...later.push('out', [ready, ready], { now: 2, isCut: false })]).toEqual([
      { type: 'output', stream: 'out', text: '{"type":"xyyyyyyyyyy' },
      { type: 'output', stream: 'out', text: `${ready}\n` },
      { type: 'ready' },
    ])
  })

  test('skips what it does not know', () => {
    expect(
      decode(
        { type: 'agent_dreamt' },
        { type: 'agent_event', id: null, event: { type: 'smell' } },
        { type: 'pong' },
      ),
    ).toEqual([])
  })

  test('says so when the program speaks a newer protocol', () => {
    expect(decode({ type: 'ready', protocol: 2 })).toMatchObject([
      { type: 'error', class: 'config' },
      { type: 'ready' },
    ])
  })

  test('leaves an unanswered turn open when the program is gone', () => {
    const decoder = createRunnerDecoder(null)
    decoder.sent(message('m1'), 1)
    decoder.push('out', ['{"type":"agent_started","id":"m1"}'], { now: 2, isCut: false })
    expect(decoder.ended(3, false)).toEqual([])
  })

  test('has at most one open turn and ends each message once, whatever order a program prints in', () => {
    const id = fc.constantFrom('m1', 'm2', 'm3', undefined)
    const type = fc.constantFrom(
      'agent_started',
      'agent_joined',
      'agent_question',
      'agent_question_closed',
      'agent_stopped',
      'agent_error',
      'agent_event',
      'ready',
    )
    const line = fc.record({ type, id, event: fc.constant({ type: 'text', text: 'a' }) })
    fc.assert(
      fc.property(fc.array(line), (printed) => {
        let open = 0
        const endedMessages: string[] = []
        const joined = new Set<string | null>()
        for (const event of decode(...printed)) {
          if (event.type === 'accepted') {
            joined.add(event.message)
          } else if (event.type === 'turn.started') {
            joined.delete(event.message)
            open += 1
          } else if (event.type === 'turn.ended' && !joined.has(event.message)) {
            open -= 1
          }
          expect(open === 0 || open === 1).toBe(true)
          if (event.type === 'turn.ended' && event.message !== null) {
            endedMessages.push(event.message)
          }
        }
        expect(new Set(endedMessages).size).toBe(endedMessages.length)
      }),
    )
  })
})
