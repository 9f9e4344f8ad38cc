import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { AgentSpec } from '../../schema/agent.ts'
import type { Decoder, ProviderEvent } from '../contract.ts'
import { geminiDialect } from '../gemini/dialect.ts'
import { opencodeDialect } from '../opencode/dialect.ts'
import { createAcpDecoder } from './decoder.ts'
import { plainDialect, type Dialect } from './dialect.ts'
import { greetingLine } from './open-session.ts'
import { answerPermission } from './permission.ts'
import { encodePrompt, interruptTurn } from './turn.ts'

const spec = AgentSpec.parse({ provider: 'x', runtime: 'process', dir: '/work' })
const plain: Dialect = { ...plainDialect, title: 'it', dir: '/work' }
const dialects: Record<string, Dialect> = {
  claude: plain,
  codex: plain,
  opencode: opencodeDialect(spec),
  gemini: geminiDialect(spec),
}

type OfType<T extends ProviderEvent['type']> = Extract<ProviderEvent, { type: T }>
const ofType = <T extends ProviderEvent['type']>(
  events: readonly ProviderEvent[],
  type: T,
): OfType<T>[] => events.filter((event): event is OfType<T> => event.type === type)

const greetingId = (resume: string | null): string => {
  const line = greetingLine({ resume, isFork: false, systemPrompt: null })
  return (JSON.parse(line) as { id: string }).id
}

/**
 * What a real program printed, with our ids for those of the client that recorded it, told in that
 * client's order: request 1 the greeting, 2 the session, each later one a prompt.
 */
function decode(program: string, { resume = null }: { resume?: string | null } = {}) {
  const name = resume === null ? program : `${program}-load`
  const file = new URL(`../../../test/fixtures/samples/acp-${name}.jsonl`, import.meta.url)
  const decoder = createAcpDecoder(null, dialects[program] ?? plain)
  const events: ProviderEvent[] = []
  const text = readFileSync(file, 'utf8')
  for (const line of text.split('\n').filter(Boolean)) {
    const message = JSON.parse(line) as { id?: unknown; method?: string }
    const number = message.method === undefined ? Number(message.id) : 0
    const id = [message.id, greetingId(resume), 'drover/opening'][number] ?? `m${number}`
    const own = JSON.stringify(number === 0 ? message : { ...message, id })
    events.push(...decoder.push('out', [own], { now: 1, isCut: false }), ...decoder.due(1000))
    if (number >= 2) {
      events.push(...decoder.sent({ id: `m${number + 1}`, from: 'user', body: '' }, 1))
    }
  }
  return events
}

/** Those that were loaded. */
const sessions: Record<string, string> = {
  claude: '72ffcc89-f619-4fb3-98ce-ce36ec5a0773',
  codex: '01a1f8e8-8a67-74f1-b692-c8ca30831f33',
  opencode: 'ses_e07187546ffe7iXbO7NHtzXC2U',
}

describe('recorded conversations', () => {
  test.for([
    ['claude', 'claude-opus-5-5', { usd: 0.00081, inputTokens: 150, cachedInputTokens: 50 }],
    ['codex', 'fake-model', { usd: null, inputTokens: 100, cachedInputTokens: 50 }],
    ['opencode', null, { usd: 0.00045, inputTokens: 100, cachedInputTokens: 50 }],
    ['gemini', 'gemini-3.8-flash', { usd: null, inputTokens: 100 }],
  ] as const)('of %s: each prompt has its turn, with what it cost', ([program, model, cost]) => {
    const events = decode(program)
    expect(events.slice(0, 5).map(({ type }) => type)).toEqual([
      'input',
      'ready',
      'turn.started',
      'accepted',
      'session',
    ])
    expect(ofType(events, 'session')).toHaveLength(1)
    const ended = ofType(events, 'turn.ended')
    expect(ended[0]).toMatchObject({ message: 'm3', reply: 'echo: hello acp', error: null, model })
    expect(ended[0]?.cost).toEqual({
      ...cost,
      outputTokens: 20,
      usd: cost.usd === null ? null : expect.closeTo(cost.usd, 8),
    })
    expect(ended[1]).toMatchObject({ message: 'm4', reply: 'echo: again', error: null })
  })

  test.for([
    ['claude', 'Bash', 'acp-ok'],
    ['codex', 'execute', 'acp-ok\n'],
    ['opencode', 'bash', 'acp-ok\n'],
    ['gemini', 'run_shell_command', ''],
  ] as const)('of %s: a tool is asked for, called and answered once', ([program, name, output]) => {
    const events = decode(program)
    const from = events.findIndex((event) => event.type === 'accepted' && event.message === 'm5')
    const to = events.findIndex((event) => event.type === 'turn.ended' && event.message === 'm5')
    const turn = events.slice(from, to)
    const command = expect.stringContaining('touch') as string
    expect(ofType(turn, 'tool.call')).toMatchObject([{ name, input: { command } }])
    expect(ofType(turn, 'question')).toMatchObject([{ tool: name, input: { command } }])
    expect(ofType(turn, 'tool.result')).toMatchObject([{ output, isError: false }])
    expect(ofType(turn, 'question.closed')).toHaveLength(1)
  })

  test.for(['claude', 'codex', 'opencode'])(
    'of %s: what it tells of the past while it loads is not told again',
    (program) => {
      const events = decode(program, { resume: sessions[program] ?? '' })
      expect(ofType(events, 'turn.ended')).toHaveLength(1)
      const ready = events.findIndex(({ type }) => type === 'ready')
      const types = new Set(events.slice(0, ready).map(({ type }) => type))
      expect([...types]).toEqual(['input', 'session'])
    },
  )

  test('of gemini: a session that is not there ends it', () => {
    expect(ofType(decode('gemini', { resume: 'ses' }), 'unusable')).toMatchObject([
      { class: 'config', message: expect.stringContaining('Invalid session identifier') },
    ])
  })

  test('tell a failure with its class, where the program says that it is one', () => {
    const failure = (program: string, message: string) =>
      ofType(decode(program), 'turn.ended').find((event) => event.message === message)
    expect(ofType(decode('claude'), 'error')).toMatchObject([{ class: 'overloaded' }])
    expect(ofType(decode('gemini'), 'error')[0]).toMatchObject({
      class: 'config',
      message: 'scripted failure',
    })
    expect(failure('gemini', 'm11')?.error).toBe('scripted failure')
    // Its adapter says it in words only.
    expect(failure('codex', 'm11')).toMatchObject({
      error: null,
      reply: expect.stringContaining('scripted failure'),
    })
  })

  test('tell an interrupt for what it is', () => {
    for (const program of ['claude', 'codex', 'opencode', 'gemini']) {
      const ended = ofType(decode(program), 'turn.ended').find(({ message }) => message === 'm7')
      expect(ended).toMatchObject({ error: 'interrupted' })
    }
  })
})

/** A decoder in the turn of message `m`. */
function inTurn(dialect: Partial<Dialect> = {}): Decoder {
  const decoder = createAcpDecoder(null, { ...plain, ...dialect })
  hear(decoder, { id: greetingId(null), result: { protocolVersion: 1 } })
  hear(decoder, { id: 'drover/opening', result: { sessionId: 's' } })
  decoder.sent({ id: 'm', from: 'user', body: 'x' }, 1000)
  return decoder
}

const hear = (decoder: Decoder, message: object, now = 1000): ProviderEvent[] =>
  decoder.push('out', [JSON.stringify({ jsonrpc: '2.0', ...message })], { now, isCut: false })
const update = (fields: object) => ({
  method: 'session/update',
  params: { sessionId: 's', update: fields },
})
const asks = {
  id: 'q1',
  method: 'session/request_permission',
  params: {
    toolCall: { toolCallId: 't', title: 'rm -rf\n  /', kind: 'execute', rawInput: { a: 1 } },
    options: [{ optionId: 'y', kind: 'allow_once' }],
  },
}

describe('a turn', () => {
  test('goes on with its silence while a tool runs or a question is open', () => {
    const decoder = inTurn({ silentMs: 500 })
    expect(decoder.dueAt(1000)).toBe(1500)
    hear(decoder, update({ sessionUpdate: 'tool_call', toolCallId: 't', status: 'in_progress' }))
    expect(decoder.dueAt(1000)).toBeNull()
    const done = { sessionUpdate: 'tool_call_update', toolCallId: 't', status: 'completed' }
    hear(decoder, update(done), 2000)
    expect(decoder.dueAt(2000)).toBe(2500)
    hear(decoder, asks, 2100)
    expect(decoder.dueAt(2100)).toBeNull()
  })

  test('that is silent for too long is cancelled, and its end waited for', () => {
    const decoder = inTurn({ silentMs: 500 })
    expect(decoder.due(1499)).toEqual([])
    expect(decoder.due(1500)).toEqual([
      { type: 'input', text: expect.stringContaining('"session/cancel"') },
    ])
    expect(decoder.dueAt(1500)).toBe(11_500)
    const [, , error, ended] = hear(decoder, { id: 'm', result: { stopReason: 'cancelled' } }, 1600)
    expect(error).toMatchObject({ type: 'error', class: 'network' })
    expect(ended).toMatchObject({
      type: 'turn.ended',
      message: 'm',
      error: expect.stringContaining('0.5 s'),
    })
    expect(decoder.dueAt(1600)).toBeNull()
  })

  test('of a program that does not even take the cancel ends all the same, and the program with it', () => {
    const decoder = inTurn({ silentMs: 500 })
    decoder.due(1500)
    expect(decoder.due(11_500).map(({ type }) => type)).toEqual([
      'accepted',
      'session',
      'error',
      'turn.ended',
      'unusable',
    ])
  })

  test('says what the program said on the side of why it is silent', () => {
    const decoder = inTurn({ silentMs: 500, readTrouble: (line) => line })
    const push = () => decoder.push('err', ['429 too many requests'], { now: 1000, isCut: false })
    expect(push()).toEqual([
      { type: 'status', status: 'retrying', detail: '429 too many requests' },
    ])
    expect(push()).toEqual([])
    decoder.due(1500)
    const events = hear(decoder, { id: 'm', result: { stopReason: 'end_turn' } }, 1600)
    expect(ofType(events, 'error')).toMatchObject([
      { class: 'rate_limit', message: expect.stringContaining('429 too many requests') },
    ])
  })

  test('that was given up by the program in its tries has failed, though it says that all is well', () => {
    const decoder = inTurn({ readTrouble: (line) => line })
    decoder.push('err', ['overloaded'], { now: 1000, isCut: false })
    const events = hear(decoder, { id: 'm', result: { stopReason: 'end_turn' } })
    expect(ofType(events, 'turn.ended')).toMatchObject([{ error: 'overloaded', reply: '' }])
  })

  test('is not ended by an answer to something else', () => {
    const decoder = inTurn()
    expect(hear(decoder, { id: 'other', result: { stopReason: 'end_turn' } })).toEqual([])
    expect(hear(decoder, { id: null, error: { code: 1, message: 'x' } })).toEqual([])
    expect(hear(decoder, { id: 'm', result: { stopReason: 'refusal' } })).toContainEqual(
      expect.objectContaining({ type: 'turn.ended', error: 'it refused to go on' }),
    )
    expect(hear(decoder, { id: 'm', result: {} })).toEqual([])
  })

  test('has its last message for its reply, each message on a line of its own', () => {
    const decoder = inTurn()
    const say = (text: string, messageId: string) =>
      hear(
        decoder,
        update({
          sessionUpdate: 'agent_message_chunk',
          messageId,
          content: { type: 'text', text },
        }),
      )
    const events = [...say('I look', 'a'), ...say(' first.', 'a'), ...say('Done.', 'b')]
    expect(ofType(events, 'text').map(({ text }) => text)).toEqual(['I look', ' first.', '\nDone.'])
    const ended = hear(decoder, { id: 'm', result: { stopReason: 'end_turn' } })
    expect(ofType(ended, 'turn.ended')).toMatchObject([{ reply: 'Done.' }])
  })
})

describe('what is told to the program', () => {
  test('a request that nobody here can answer is refused, not left open', () => {
    const [event] = hear(inTurn(), { id: 7, method: 'fs/read_text_file', params: {} })
    expect(JSON.parse((event as OfType<'input'>).text)).toMatchObject({
      id: 7,
      error: { code: -32_601 },
    })
  })

  test('a question outside a turn is refused: nobody would be asked', () => {
    const decoder = inTurn()
    hear(decoder, { id: 'm', result: { stopReason: 'end_turn' } })
    expect(hear(decoder, asks)).toMatchObject([{ type: 'input' }])
  })

  test('an interrupt cancels the turn and each question in it; outside a turn there is none', () => {
    const decoder = inTurn()
    hear(decoder, asks)
    const lines = interruptTurn(decoder.snapshot())?.trim().split('\n') ?? []
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { method: 'session/cancel', params: { sessionId: 's' } },
      { id: 'q1', result: { outcome: { outcome: 'cancelled' } } },
    ])
    hear(decoder, { id: 'm', result: { stopReason: 'cancelled' } })
    expect(interruptTurn(decoder.snapshot())).toBeNull()
    expect(interruptTurn(null)).toBeNull()
  })

  test('an answer is an option that the question came with, or its withdrawal', () => {
    const [question] = ofType(hear(inTurn(), asks), 'question')
    expect(question?.title).toBe('rm -rf /')
    const answer = (isAllowed: boolean): unknown =>
      JSON.parse(
        answerPermission(question as OfType<'question'>, {
          isAllowed,
          isForSession: false,
          message: null,
        }),
      )
    const selected = { outcome: 'selected', optionId: 'y' }
    expect(answer(true)).toMatchObject({ id: 'q1', result: { outcome: selected } })
    expect(answer(false)).toMatchObject({ id: 'q1', result: { outcome: { outcome: 'cancelled' } } })
  })

  test('a question that the program takes back is closed', () => {
    const decoder = inTurn()
    hear(decoder, asks)
    const withdraw = { method: '$/cancel_request', params: { requestId: 'q1' } }
    expect(hear(decoder, withdraw)).toEqual([{ type: 'question.closed', id: 'question-1' }])
    expect(hear(decoder, withdraw)).toEqual([])
  })

  test('the same question twice is one, and an id that is used again is another', () => {
    const decoder = inTurn()
    expect(ofType(hear(decoder, asks), 'question')).toMatchObject([{ id: 'question-1' }])
    expect(hear(decoder, asks)).toEqual([])
    hear(decoder, { id: 'm', result: { stopReason: 'end_turn' } })
    decoder.sent({ id: 'm2', from: 'user', body: 'x' }, 1000)
    expect(ofType(hear(decoder, asks), 'question')).toMatchObject([{ id: 'question-2' }])
  })

  test('a message names the session and has its own id', () => {
    const line = encodePrompt({ id: 'm2', from: 'user', body: 'a\nb' }, inTurn().snapshot())
    expect(JSON.parse(line)).toEqual({
      jsonrpc: '2.0',
      id: 'm2',
      method: 'session/prompt',
      params: { sessionId: 's', prompt: [{ type: 'text', text: 'a\nb' }] },
    })
  })
})

test('a program is ready once it has taken all settings, its mode where it has that', () => {
  const decoder = createAcpDecoder(null, {
    ...plain,
    model: 'large',
    effort: 'high',
    mode: 'plan',
    settings: { web: true },
  })
  hear(decoder, { id: greetingId(null), result: { protocolVersion: 1 } })
  const configOptions = [
    { id: 'which', category: 'model' },
    { id: 'how', category: 'mode' },
    { id: 'thinking', category: 'thought_level' },
  ]
  const opened = hear(decoder, { id: 'drover/opening', result: { sessionId: 's', configOptions } })
  const requests = ofType(opened, 'input').map(
    ({ text }) => JSON.parse(text) as { id: string; params: unknown },
  )
  expect(requests).toMatchObject([
    { id: 'drover/setup model', params: { sessionId: 's', configId: 'which', value: 'large' } },
    { id: 'drover/setup effort', params: { configId: 'thinking', value: 'high' } },
    { id: 'drover/setup options.mode', params: { configId: 'how', value: 'plan' } },
    { id: 'drover/setup options.settings.web', params: { type: 'boolean', value: true } },
  ])
  const answers = requests.map(({ id }) => hear(decoder, { id, result: {} }))
  expect(answers).toEqual([[], [], [], [{ type: 'ready' }]])
})

test('what is told of another session than ours is not told', () => {
  const text = { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'x' } }
  const foreign = { method: 'session/update', params: { sessionId: 'helper', update: text } }
  const decoder = inTurn()
  expect(hear(decoder, foreign)).toEqual([])
  expect(ofType(hear(decoder, update(text)), 'text')).toHaveLength(1)
})

test('a past that is told after the session was loaded is over once it is quiet', () => {
  const decoder = createAcpDecoder(null, { ...plain, replayQuietMs: 200 })
  const capabilities = { protocolVersion: 1, agentCapabilities: { loadSession: true } }
  hear(decoder, { id: greetingId('old'), result: capabilities })
  expect(hear(decoder, { id: 'drover/opening', result: {} }, 1000)).toEqual([
    { type: 'session', session: 'old' },
  ])
  const text = { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'x' } }
  const past = { method: 'session/update', params: { sessionId: 'old', update: text } }
  expect(hear(decoder, past, 1150)).toEqual([])
  expect(decoder.dueAt(1150)).toBe(1350)
  expect(decoder.due(1300)).toEqual([])
  expect(decoder.due(1350)).toEqual([{ type: 'ready' }])
})

test('what is no JSON-RPC is output, and a piece of a long line, too', () => {
  const decoder = inTurn()
  expect(decoder.push('out', ['hello', '', '{"a":1}'], { now: 1, isCut: false })).toEqual([
    { type: 'output', stream: 'out', text: 'hello\n' },
    { type: 'output', stream: 'out', text: '{"a":1}\n' },
  ])
  expect(decoder.push('out', ['{"jsonrpc":"2.0"'], { now: 1, isCut: true })).toEqual([
    { type: 'output', stream: 'out', text: '{"jsonrpc":"2.0"' },
  ])
  expect(decoder.push('err', ['{"id":1,"result":{}}'], { now: 1, isCut: false })).toEqual([
    { type: 'output', stream: 'err', text: '{"id":1,"result":{}}\n' },
  ])
})
