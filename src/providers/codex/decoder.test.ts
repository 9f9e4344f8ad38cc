import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Decoder, DecoderState, ProviderEvent } from '../contract.ts'
import { createAppServerDecoder } from './decoder.ts'
import { carryState } from './state.ts'
import { encodeInterrupt, requestIds } from './wire.ts'

/** What Codex 0.169 printed, recorded; the ids of its requests are numbers there. */
function sample(name: string, ids: Readonly<Record<number, string>>): string[] {
  const file = new URL(`../../../test/fixtures/samples/codex-${name}.jsonl`, import.meta.url)
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const { id, ...rest } = JSON.parse(line) as { id?: number; method?: string }
      const own = id === undefined || rest.method ? id : (ids[id] ?? `other-${id}`)
      return JSON.stringify(own === undefined ? rest : { id: own, ...rest })
    })
}

const opening = { 1: requestIds.initialize, 2: requestIds.thread }
const messages = { 3: 'm1', 4: 'm2', 5: 'm3', 6: 'm4', 7: 'm5', 9: 'm6', 11: 'm8' }

function decoderOf(ids: readonly string[], state: DecoderState | null = null): Decoder {
  const decoder = createAppServerDecoder(state)
  ids.forEach((id) => decoder.sent({ id, from: 'user', body: 'x' }, 1))
  return decoder
}

const feed = (decoder: Decoder, ...lines: (object | string)[]): ProviderEvent[] =>
  lines.flatMap((line) =>
    decoder.push('out', [typeof line === 'string' ? line : JSON.stringify(line)], {
      now: 1_000_000,
      isCut: false,
    }),
  )

const ofType = <T extends ProviderEvent['type']>(
  events: readonly ProviderEvent[],
  type: T,
): Extract<ProviderEvent, { type: T }>[] =>
  events.filter((event): event is Extract<ProviderEvent, { type: T }> => event.type === type)

const opened = { id: requestIds.thread, result: { thread: { id: 't1' }, model: 'gpt' } }
const taken = (id: string, turn: string) => ({ id, result: { turn: { id: turn } } })
const completed = (turn: string, rest: object = {}) => ({
  method: 'turn/completed',
  params: { threadId: 't1', turn: { id: turn, status: 'completed', ...rest } },
})

describe('a recorded conversation', () => {
  const decoder = decoderOf(Object.values(messages))
  const events = feed(decoder, ...sample('appserver', { ...opening, ...messages }))
  const turns = ofType(events, 'turn.ended')

  test('opens one session, and is ready then', () => {
    const types = events.map(({ type }) => type)
    expect(types.slice(0, 3)).toEqual(['status', 'session', 'ready'])
    expect(ofType(events, 'session')).toEqual([
      { type: 'session', session: '01a1f8e0-024e-73e1-a580-0984d040a3e2' },
    ])
  })

  test('takes each message, and answers it in a turn of its own', () => {
    expect(ofType(events, 'accepted').map(({ message }) => message)).toEqual(
      Object.values(messages),
    )
    expect(turns.map(({ message, error }) => [message, error])).toEqual([
      ['m1', null],
      ['m2', null],
      ['m3', null],
      ['m4', null],
      ['m5', 'interrupted'],
      ['m6', null],
      ['m8', expect.stringContaining('high demand')],
    ])
    expect(turns[0]).toMatchObject({ reply: 'echo: hello app server', durationMs: 98 })
    expect(turns[5]?.reply).toBe('echo: steered text')
  })

  test('costs in each turn what its sums grew by', () => {
    const tokens = turns.map(({ cost }) => [cost.inputTokens, cost.outputTokens])
    expect(tokens).toEqual([
      [100, 20],
      [200, 40],
      [200, 40],
      [200, 40],
      [null, null],
      [200, 40],
      [null, null],
    ])
    expect(turns.map(({ cost }) => cost.cachedInputTokens)).toEqual([
      50,
      100,
      100,
      100,
      null,
      100,
      null,
    ])
    expect(turns[0]).toMatchObject({ cost: { usd: null }, model: 'fake-model' })
  })

  test('tells its tools with what they gave, also those that were refused', () => {
    const results = ofType(events, 'tool.result')
    expect(ofType(events, 'tool.call')[0]).toEqual({
      type: 'tool.call',
      id: 'call_97',
      name: 'shell',
      input: {
        command: 'echo ro > /home/dev/x1/ro.txt; cat /etc/hostname',
        cwd: '/home/dev/x1',
      },
    })
    expect(
      results.map(({ output, isError }) => [output.split('\n').at(-2) ?? output, isError]),
    ).toEqual([
      ['vm', false],
      ['escalated', false],
      ['declined', true],
      ['slept', false],
    ])
  })

  test('asks what it asked, once, and takes it back when it is answered', () => {
    expect(ofType(events, 'question')).toMatchObject([
      {
        id: '0',
        tool: 'shell',
        title: 'run touch /home/dev/x1/esc.txt && echo escalated',
        reason: 'need write',
        input: { cwd: '/home/dev/x1' },
      },
      { id: '1', reason: 'need write' },
    ])
    expect(ofType(events, 'question.closed').map(({ id }) => id)).toEqual(['0', '1'])
  })

  test('says of a failure what class it has, and tells what it tries again', () => {
    expect(ofType(events, 'error')).toMatchObject([{ class: 'overloaded' }])
    expect(ofType(events, 'status').find(({ status }) => status === 'retrying')).toMatchObject({
      detail: expect.stringContaining('Reconnecting... 1/1'),
    })
  })

  test('goes on in a later run, and counts what was said there alone', () => {
    const resumed = decoderOf(['m9'], carryState(decoder.snapshot()))
    const later = feed(resumed, ...sample('appserver-resume', { ...opening, 3: 'm9' }))
    expect(ofType(later, 'session')).toEqual(ofType(events, 'session'))
    expect(ofType(later, 'turn.ended')).toMatchObject([
      { message: 'm9', reply: 'echo: after resume', cost: { inputTokens: 100, outputTokens: 20 } },
    ])
  })
})

describe('a thread that can not be had', () => {
  test('makes the program unusable, with what it said', () => {
    const error = { code: -32_600, message: 'no rollout found for thread id 01a1' }
    expect(feed(decoderOf([]), { id: requestIds.thread, error })).toEqual([
      {
        type: 'unusable',
        class: 'config',
        message: 'its session is gone: no rollout found for thread id 01a1',
        retryAt: null,
      },
    ])
  })

  test('is told of a greeting that was refused, too', () => {
    const error = { message: 'Not initialized' }
    expect(feed(decoderOf([]), { id: requestIds.initialize, error })).toMatchObject([
      { type: 'unusable', message: 'Not initialized' },
    ])
  })
})

test('a thread that is told of itself anew is ready once it has its model again', () => {
  const decoder = decoderOf([])
  const result = { thread: { id: 't1' }, model: 'gpt', reasoningEffort: 'high' }
  expect(feed(decoder, { id: requestIds.threadToInstruct, result })).toEqual([
    { type: 'session', session: 't1' },
  ])
  const [event] = feed(decoder, { id: requestIds.instructions, result: {} })
  expect(event?.type === 'input' ? JSON.parse(event.text) : event).toMatchObject({
    id: requestIds.restore,
    params: { threadId: 't1', model: 'gpt', effort: 'high' },
  })
  expect(feed(decoder, { id: requestIds.restore, result: {} })).toEqual([{ type: 'ready' }])
  const error = { message: 'no such method' }
  expect(feed(decoder, { id: requestIds.restore, error })).toMatchObject([{ type: 'unusable' }])
})

test('a message that was not taken has failed, and nothing was begun for it', () => {
  const events = feed(decoderOf(['m1']), opened, { id: 'm1', error: { message: 'too long' } })
  expect(events.slice(2)).toMatchObject([
    { type: 'error', message: 'too long' },
    { type: 'turn.ended', message: 'm1', error: 'too long', cost: { inputTokens: null } },
  ])
})

test('a message that joined ends with the turn, and only the first bears the cost', () => {
  const usage = {
    total: { inputTokens: 7, outputTokens: 3 },
    last: { inputTokens: 7, outputTokens: 3 },
  }
  const events = feed(
    decoderOf(['m1', 'm2']),
    opened,
    taken('m1', 'a'),
    taken('m2', 'a'),
    {
      method: 'thread/tokenUsage/updated',
      params: { threadId: 't1', turnId: 'a', tokenUsage: usage },
    },
    completed('a'),
    completed('a'),
  )
  expect(ofType(events, 'turn.started')).toEqual([{ type: 'turn.started', message: 'm1' }])
  expect(
    ofType(events, 'turn.ended').map(({ message, cost }) => [message, cost.inputTokens]),
  ).toEqual([
    ['m1', 7],
    ['m2', 0],
  ])
})

test('a message that was taken into a turn whose end is told already does not wait for another', () => {
  const events = feed(
    decoderOf(['m1', 'm2']),
    opened,
    taken('m1', 'a'),
    completed('a'),
    taken('m2', 'a'),
  )
  expect(ofType(events, 'turn.started')).toHaveLength(1)
  expect(ofType(events, 'turn.ended').map(({ message }) => message)).toEqual(['m1', 'm2'])
})

test('an interrupt names the turn under way, or the one that is about to begin, or is none', () => {
  const decoder = decoderOf(['m1'])
  const named = (): unknown => {
    const bytes = encodeInterrupt(decoder.snapshot())
    return bytes === null ? null : (JSON.parse(bytes) as { params: unknown }).params
  }
  expect(named()).toBeNull()
  feed(decoder, opened)
  expect(named()).toEqual({ threadId: 't1', turnId: '' })
  feed(decoder, taken('m1', 'a'))
  expect(named()).toEqual({ threadId: 't1', turnId: 'a' })
  feed(decoder, completed('a'))
  expect(named()).toBeNull()
})

test('a sum that is told twice counts once, and one that shrank by what its latest request took', () => {
  const usage = (input: number, last: number) => ({
    method: 'thread/tokenUsage/updated',
    params: {
      threadId: 't1',
      turnId: 'a',
      tokenUsage: {
        total: { inputTokens: input, outputTokens: 0 },
        last: { inputTokens: last, outputTokens: 0 },
      },
    },
  })
  const told = [usage(100, 100), usage(100, 100), usage(-5, 1), usage(40, 40)]
  const events = feed(decoderOf(['m1']), opened, taken('m1', 'a'), ...told, completed('a'))
  expect(ofType(events, 'turn.ended')[0]?.cost).toMatchObject({ inputTokens: 140 })
})

describe('what it asks and nobody can answer', () => {
  test('is refused at once, so that it does not wait', () => {
    const events = feed(decoderOf([]), opened, { id: 7, method: 'item/tool/call', params: {} })
    expect(events.slice(2)).toEqual([
      {
        type: 'input',
        text: '{"id":7,"error":{"code":-32601,"message":"Drover does not answer item/tool/call."}}\n',
      },
      { type: 'status', status: 'refused', detail: 'Codex asked for item/tool/call' },
    ])
  })

  test('is declined where it is a form with fields of a server', () => {
    const requestedSchema = { type: 'object', properties: { name: { type: 'string' } } }
    const params = {
      threadId: 't1',
      mode: 'form',
      serverName: 's',
      message: 'who?',
      requestedSchema,
    }
    const [event] = feed(decoderOf([]), { id: 8, method: 'mcpServer/elicitation/request', params })
    expect(event).toEqual({
      type: 'input',
      text: '{"id":8,"result":{"action":"decline","content":null,"_meta":null}}\n',
    })
  })
})

test('a change of files is asked with the files, which only its item tells', () => {
  const changes = [{ path: '/opt/a.txt', kind: { type: 'add' }, diff: 'hello\n' }]
  const item = { type: 'fileChange', id: 'c1', changes, status: 'inProgress' }
  const params = { threadId: 't1', turnId: 'a', itemId: 'c1', reason: null, grantRoot: null }
  const events = feed(
    decoderOf(['m1']),
    opened,
    taken('m1', 'a'),
    { method: 'item/started', params: { threadId: 't1', turnId: 'a', item } },
    { id: 0, method: 'item/fileChange/requestApproval', params },
    completed('a', { status: 'interrupted' }),
  )
  expect(ofType(events, 'question')).toMatchObject([
    { tool: 'apply_patch', title: 'change /opt/a.txt', input: { changes }, reason: null },
  ])
  expect(events.slice(-3)).toMatchObject([
    { type: 'question.closed', id: '0' },
    { type: 'status', status: 'interrupted' },
    { type: 'turn.ended', error: 'interrupted' },
  ])
})

test('what is asked twice under one id is one question', () => {
  const params = { threadId: 't1', turnId: 'a', itemId: 'c', command: 'ls' }
  const asked = { id: 3, method: 'item/commandExecution/requestApproval', params }
  const resolved = { method: 'serverRequest/resolved', params: { threadId: 't1', requestId: 3 } }
  const events = feed(decoderOf(['m1']), opened, taken('m1', 'a'), asked, asked, resolved, resolved)
  expect(ofType(events, 'question')).toHaveLength(1)
  expect(ofType(events, 'question.closed')).toHaveLength(1)
})

describe('limits of the account', () => {
  const resetsAt = 2_000
  const limits = (usedPercent: number, limitId = 'codex') => ({
    method: 'account/rateLimits/updated',
    params: {
      rateLimits: {
        limitId,
        primary: { usedPercent, windowDurationMins: 300, resetsAt },
        secondary: null,
      },
    },
  })
  const failed = completed('a', {
    status: 'failed',
    error: { message: "You've hit your usage limit.", codexErrorInfo: 'usageLimitExceeded' },
  })

  test('are told as they fill, and stop nothing', () => {
    const events = feed(decoderOf([]), opened, limits(40), limits(40), limits(100))
    expect(events.slice(2)).toEqual([
      { type: 'status', status: 'rate_limit', detail: 'used: 40 % of 5 h' },
      { type: 'status', status: 'rate_limit', detail: 'used: 100 % of 5 h' },
    ])
  })

  test('that a turn was refused for say until when', () => {
    const events = feed(decoderOf(['m1']), opened, limits(100), taken('m1', 'a'), failed)
    expect(events.slice(-3)).toMatchObject([
      { type: 'error', class: 'rate_limit', retryAt: resetsAt * 1000 },
      { type: 'limited', until: resetsAt * 1000 },
      { type: 'turn.ended', message: 'm1', error: "You've hit your usage limit." },
    ])
  })

  test('of another model, or without a time, are no reason to wait until one', () => {
    for (const told of [[limits(100, 'other')], []]) {
      const events = feed(decoderOf(['m1']), opened, ...told, taken('m1', 'a'), failed)
      expect(ofType(events, 'limited')).toEqual([])
      expect(ofType(events, 'error')).toMatchObject([{ class: 'quota', retryAt: null }])
    }
  })
})

test('what agents of its own say is not its answer; their tools and tokens count', () => {
  const inOther = { threadId: 't2', turnId: 'z' }
  const usage = {
    total: { inputTokens: 9, outputTokens: 1 },
    last: { inputTokens: 9, outputTokens: 1 },
  }
  const item = { type: 'commandExecution', id: 'c', command: 'ls', cwd: '/', status: 'completed' }
  const events = feed(
    decoderOf(['m1']),
    opened,
    taken('m1', 'a'),
    { method: 'turn/started', params: { ...inOther, turn: { id: 'z' } } },
    { method: 'item/agentMessage/delta', params: { ...inOther, itemId: 'i', delta: 'aside' } },
    { method: 'item/completed', params: { ...inOther, item } },
    { method: 'thread/tokenUsage/updated', params: { ...inOther, tokenUsage: usage } },
    { method: 'turn/completed', params: { ...inOther, turn: { id: 'z', status: 'completed' } } },
    completed('a'),
  )
  expect(ofType(events, 'text')).toEqual([])
  expect(ofType(events, 'tool.call')).toMatchObject([{ name: 'shell' }])
  expect(ofType(events, 'turn.ended')).toMatchObject([
    { message: 'm1', reply: '', cost: { inputTokens: 9 } },
  ])
})

test('what is not of the protocol is output, as it is', () => {
  const decoder = decoderOf([])
  expect(
    feed(decoder, 'no json', '', '{"method":"news"}', '{broken', '{"id":"stranger","result":1}'),
  ).toEqual([
    { type: 'output', stream: 'out', text: 'no json\n' },
    { type: 'output', stream: 'out', text: '{broken\n' },
  ])
  expect(decoder.push('err', ['{"method":"turn/completed"}'], { now: 1, isCut: false })).toEqual([
    { type: 'output', stream: 'err', text: '{"method":"turn/completed"}\n' },
  ])
  expect(decoder.push('out', ['{"method":"turn/comp'], { now: 1, isCut: true })).toEqual([
    { type: 'output', stream: 'out', text: '{"method":"turn/comp' },
  ])
})
