import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Answer, AskedQuestion, Decoder, ProviderEvent } from '../contract.ts'
import { answerClaude, interruptClaude, reloadClaude } from './control.ts'
import { createClaudeDecoder } from './decoder.ts'

const allowed: Answer = { isAllowed: true, isForSession: false, message: null }

/** What Claude Code 2.1 printed while it was asked, answered and changed, recorded. */
const recorded = readFileSync(
  new URL('../../../test/fixtures/samples/claude-permission.jsonl', import.meta.url),
  'utf8',
)
  .split('\n')
  .slice(0, -1)

function push(decoder: Decoder, ...lines: (string | object)[]): ProviderEvent[] {
  const texts = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
  return texts.flatMap((line) => decoder.push('out', [line], { now: 1, isCut: false }))
}

const isQuestion = (event: ProviderEvent): event is Extract<ProviderEvent, { type: 'question' }> =>
  event.type === 'question'

const ask = (id: string, request: object = {}) => ({
  type: 'control_request',
  request_id: id,
  request: {
    subtype: 'can_use_tool',
    tool_name: 'Bash',
    input: { command: 'rm -rf x' },
    tool_use_id: `toolu_${id}`,
    ...request,
  },
})

const responseOf = (line: string) => {
  expect(line.indexOf('\n')).toBe(line.length - 1)
  return JSON.parse(line) as { type: string; response: { response: Record<string, unknown> } }
}

describe('a question', () => {
  test('as it was recorded has its tool, what it would do, and what its answer needs', () => {
    const questions = push(createClaudeDecoder(null), ...recorded).filter(isQuestion)
    expect(questions).toHaveLength(2)
    expect(questions[0]).toEqual({
      type: 'question',
      id: '797c60e3-c127-4a6a-9888-677cd623088c',
      tool: 'Bash',
      input: { command: 'touch /home/dev/c1/perm-ok && ls', description: 'run' },
      title: 'Bash: touch /home/dev/c1/perm-ok && ls',
      reason: 'run',
      reply: {
        requestId: '797c60e3-c127-4a6a-9888-677cd623088c',
        suggestions: expect.arrayContaining([expect.objectContaining({ type: 'addRules' })]),
      },
    })
  })

  test.for([
    [{ input: { command: 'a\nb\u001b[31m\tc' } }, 'Bash: a b [31m c'],
    [{ tool_name: 'Write', input: { content: 'x', file_path: '/f' } }, 'Write: /f'],
    [
      { tool_name: 'AskUserQuestion', input: { questions: [{ question: 'Which?' }, null] } },
      'AskUserQuestion: Which?',
    ],
    [{ tool_name: 'mcp__x__y', input: { n: 1 } }, 'mcp__x__y: {"n":1}'],
    [{ tool_name: 7, input: null }, 'unknown tool: {}'],
  ] as const)('of %j is titled in one line', ([request, title]) => {
    expect(push(createClaudeDecoder(null), ask('1', request))[0]).toMatchObject({ title })
  })

  test('says why, where the program says so', () => {
    const reason = 'This command\u001b[1m requires approval'
    expect(push(createClaudeDecoder(null), ask('1', { decision_reason: reason }))[0]).toMatchObject(
      { reason: 'This command [1m requires approval' },
    )
    expect(push(createClaudeDecoder(null), ask('1'))[0]).toMatchObject({ reason: null })
  })

  test('that is asked twice is one', () => {
    expect(push(createClaudeDecoder(null), ask('1'), ask('1')).filter(isQuestion)).toHaveLength(1)
  })

  test('that is taken back is closed, once, and one of another id is not', () => {
    const cancel = (id: string) => ({ type: 'control_cancel_request', request_id: id })
    const decoder = createClaudeDecoder(null)
    push(decoder, ask('1'), ask('2'))
    expect(push(decoder, cancel('3'), cancel('1'), cancel('1'))).toEqual([
      { type: 'question.closed', id: '1' },
    ])
  })

  test('is closed when its turn ends, but for one of a helper that goes on', () => {
    const decoder = createClaudeDecoder(null)
    push(decoder, ask('1'), ask('2', { agent_id: 'helper' }))
    expect(push(decoder, { type: 'result', result: '' })).toMatchObject([
      { type: 'question.closed', id: '1' },
      { type: 'turn.ended' },
    ])
  })

  test('that was answered is closed by nothing after', () => {
    const result = (meta: object) => ({
      type: 'user',
      message: { content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'ok' }] },
      tool_result_meta: [{ id: 'toolu_1', ...meta }],
    })
    const answered = createClaudeDecoder(null)
    push(answered, ask('1'), result({ permission_decision: { decision: 'accept' } }))
    expect(push(answered, { type: 'result', result: '' })).toMatchObject([{ type: 'turn.ended' }])
    const brokenOff = createClaudeDecoder(null)
    expect(
      push(brokenOff, ask('1'), result({ non_execution_kind: 'user-rejected' })).slice(1),
    ).toMatchObject([{ type: 'question.closed', id: '1' }, { type: 'tool.result' }])
  })

  test('that nobody can answer is refused at once, so that it never waits, and told', () => {
    const request = {
      type: 'control_request',
      request_id: '9',
      request: { subtype: 'elicitation' },
    }
    const [input, status] = push(createClaudeDecoder(null), request)
    expect(input?.type === 'input' && JSON.parse(input.text)).toMatchObject({
      type: 'control_response',
      response: {
        subtype: 'error',
        request_id: '9',
        error: expect.stringContaining('elicitation'),
      },
    })
    expect(status).toMatchObject({ type: 'status', detail: expect.stringContaining('elicitation') })
    expect(push(createClaudeDecoder(null), { type: 'control_request' })).toEqual([])
  })
})

describe('an answer', () => {
  const suggestions = [
    {
      type: 'addRules',
      rules: [{ toolName: 'Bash' }],
      behavior: 'allow',
      destination: 'localSettings',
    },
    { type: 'setMode', mode: 'acceptEdits', destination: 'session' },
  ]
  const question = (rest: Partial<AskedQuestion> = {}): AskedQuestion => ({
    id: '1',
    tool: 'Bash',
    input: { command: 'ls' },
    reply: { requestId: 'req', suggestions },
    ...rest,
  })

  test('that allows gives the input back as it was, and changes no permission', () => {
    expect(responseOf(answerClaude(question(), allowed))).toEqual({
      type: 'control_response',
      response: {
        subtype: 'success',
        request_id: 'req',
        response: { behavior: 'allow', updatedInput: { command: 'ls' } },
      },
    })
  })

  test('for the session keeps to the session, and widens no mode where a rule will do', () => {
    const forSession = { ...allowed, isForSession: true }
    expect(responseOf(answerClaude(question(), forSession)).response.response).toMatchObject({
      updatedPermissions: [{ ...suggestions[0], destination: 'session' }],
    })
    const onlyMode = question({ reply: { requestId: 'req', suggestions: [suggestions[1], null] } })
    expect(responseOf(answerClaude(onlyMode, forSession)).response.response).toMatchObject({
      updatedPermissions: [suggestions[1]],
    })
    const nothing = question({ reply: { requestId: 'req', suggestions: [] } })
    expect(
      responseOf(answerClaude(nothing, forSession)).response.response['updatedPermissions'],
    ).toBeUndefined()
  })

  test('that denies says why', () => {
    const denied = { ...allowed, isAllowed: false, message: 'use git' }
    expect(responseOf(answerClaude(question(), denied)).response.response).toEqual({
      behavior: 'deny',
      message: 'use git',
    })
    expect(
      responseOf(answerClaude(question(), { ...denied, message: null })).response.response,
    ).toMatchObject({ behavior: 'deny', message: expect.stringMatching(/./) })
  })

  test.for([
    ['green, please', { 'A?': 'green, please', 'B?': 'green, please' }],
    ['green\nsmall\n', { 'A?': 'green', 'B?': 'small' }],
  ] as const)('of the words %j answers what it asks', ([message, answers]) => {
    const input = { questions: [{ question: 'A?' }, { question: 'B?' }] }
    const asked = question({ tool: 'AskUserQuestion', input })
    expect(responseOf(answerClaude(asked, { ...allowed, message })).response.response).toEqual({
      behavior: 'allow',
      updatedInput: { ...input, answers },
    })
    expect(responseOf(answerClaude(asked, allowed)).response.response['updatedInput']).toEqual(
      input,
    )
  })
})

describe('an order', () => {
  test('to stop is given only while there is something to end', () => {
    const decoder = createClaudeDecoder(null)
    expect(interruptClaude(null)).toBeNull()
    expect(interruptClaude(decoder.snapshot())).toBeNull()
    decoder.sent({ id: 'm1', from: 'user', body: 'x' }, 1)
    const given = interruptClaude(decoder.snapshot())
    push(decoder, { type: 'system', subtype: 'init' })
    const begun = interruptClaude(decoder.snapshot())
    expect([given, begun].map((line) => JSON.parse(line ?? '') as unknown)).toMatchObject([
      { request: { subtype: 'interrupt' } },
      { request: { subtype: 'interrupt' } },
    ])
    push(decoder, { type: 'result', result: '' })
    expect(interruptClaude(decoder.snapshot())).toBeNull()
  })

  test('to take another model is given where there is one', () => {
    expect(reloadClaude({ persona: 'x' }, null)).toBeNull()
    expect(JSON.parse(reloadClaude({ model: 'opus', persona: 'x' }, null) ?? '')).toMatchObject({
      type: 'control_request',
      request: { subtype: 'set_model', model: 'opus' },
    })
  })

  test('to take another permission mode is given where it can be taken under way', () => {
    const orders = (change: Parameters<typeof reloadClaude>[0]): unknown[] | undefined =>
      reloadClaude(change, null)
        ?.trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { request: unknown }).request)
    expect(orders({ model: 'opus', options: { permissionMode: 'manual' } })).toEqual([
      { subtype: 'set_model', model: 'opus' },
      { subtype: 'set_permission_mode', mode: 'default' },
    ])
    expect(orders({ options: { permissionMode: 'bypassPermissions' } })).toBeUndefined()
    expect(orders({ model: 'opus', options: { permissionMode: null } })).toBeUndefined()
    expect(orders({ options: { permissionMode: 'plan', maxTurns: 3 } })).toBeUndefined()
  })

  test('is noted when it was taken, told when it was not; answers to others are nothing', () => {
    const response = (id: string, rest: object) => ({
      type: 'control_response',
      response: { subtype: 'success', request_id: id, ...rest },
    })
    const decoder = createClaudeDecoder(null)
    expect(
      push(
        decoder,
        response('drover-interrupt-1', { response: { still_queued: [] } }),
        response('drover-model-1', { response: { model: 'opus' } }),
        response('drover-model-2', { subtype: 'error', error: 'no such model' }),
        response('somebody else', {}),
        { type: 'control_response' },
      ),
    ).toEqual([
      { type: 'status', status: 'interrupting' },
      { type: 'status', status: 'model', detail: 'opus' },
      { type: 'error', class: 'unknown', message: expect.stringContaining('no such model') },
    ])
  })
})
