import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startModelServer, type ModelServer } from './index.ts'

let server: ModelServer
beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())

async function post(path: string, body: object, signal?: AbortSignal): Promise<Response> {
  return fetch(server.url + path, {
    method: 'POST',
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  })
}

const ask = (text: string, fields: object = {}) => ({
  model: 'm',
  messages: [{ role: 'user', content: text }],
  ...fields,
})

/** Objects in the data lines of an event stream. */
async function eventsOf(response: Response): Promise<Record<string, unknown>[]> {
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith('data: {'))
  return lines.map((line) => JSON.parse(line.slice(6)) as Record<string, unknown>)
}

describe('Anthropic Messages', () => {
  const path = '/v1/messages'

  test('answers whole', async () => {
    const response = await post(path, ask('hello'))
    expect(await response.json()).toMatchObject({
      type: 'message',
      content: [{ type: 'text', text: 'echo: hello' }],
      stop_reason: 'end_turn',
      usage: { output_tokens: 20 },
    })
  })

  test('streams text as the documented events', async () => {
    const events = await eventsOf(await post(path, ask('[[say:a text in two]]', { stream: true })))
    expect(events.map(({ type }) => type)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
  })

  test('calls a tool, and takes its result', async () => {
    const tools = [{ name: 'Bash' }]
    const called = await eventsOf(await post(path, ask('[[bash:ls]]', { stream: true, tools })))
    expect(called[1]).toMatchObject({ content_block: { type: 'tool_use', name: 'Bash' } })
    expect(called.at(-2)).toMatchObject({ delta: { stop_reason: 'tool_use' } })
    const messages = [
      { role: 'user', content: [{ type: 'text', text: '[[bash:ls]]' }] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'Bash', input: {} }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: 'file' }] },
        ],
      },
    ]
    expect(await (await post(path, { model: 'm', messages, tools })).json()).toMatchObject({
      content: [{ text: 'tool said: file' }],
    })
  })

  test('fails in its own shape, and counts tokens', async () => {
    const failed = await post(path, ask('[[fail:529]]'))
    expect(failed.status).toBe(529)
    expect(await failed.json()).toMatchObject({
      type: 'error',
      error: { type: 'overloaded_error' },
    })
    expect(await (await post(`${path}/count_tokens`, ask('x'))).json()).toEqual({
      input_tokens: 100,
    })
  })
})

describe('OpenAI Chat Completions', () => {
  const path = '/v1/chat/completions'

  test('answers whole', async () => {
    expect(await (await post(path, ask('hello'))).json()).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { content: 'echo: hello' }, finish_reason: 'stop' }],
      usage: { total_tokens: 120 },
    })
  })

  test('streams text, its usage only when asked for', async () => {
    const plain = await eventsOf(await post(path, ask('x', { stream: true })))
    expect(plain.at(-1)).toMatchObject({ choices: [{ finish_reason: 'stop' }] })
    const counted = await eventsOf(
      await post(path, ask('x', { stream: true, stream_options: { include_usage: true } })),
    )
    expect(counted.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 100 } })
  })

  test('calls a tool, whole and streamed', async () => {
    const tools = [{ type: 'function', function: { name: 'bash' } }]
    const call = {
      type: 'function',
      function: { name: 'bash', arguments: '{"command":"ls","description":"run"}' },
    }
    const whole = await (await post(path, ask('[[bash:ls]]', { tools }))).json()
    expect(whole).toMatchObject({
      choices: [{ message: { tool_calls: [call] }, finish_reason: 'tool_calls' }],
    })
    const streamed = await eventsOf(await post(path, ask('[[bash:ls]]', { tools, stream: true })))
    expect(streamed[1]).toMatchObject({ choices: [{ delta: { tool_calls: [call] } }] })
  })

  test('fails in its own shape', async () => {
    const failed = await post(path, ask('[[fail:401]]'))
    expect([failed.status, await failed.json()]).toMatchObject([
      401,
      { error: { message: expect.any(String) as string } },
    ])
  })
})

describe('Gemini generateContent', () => {
  const path = '/v1beta/models/some-model'
  const contents = (...texts: string[]) => ({
    contents: texts.map((text) => ({ role: 'user', parts: [{ text }] })),
  })

  test('answers whole, to the latest text', async () => {
    const response = await post(`${path}:generateContent`, contents('first', 'hello'))
    expect(await response.json()).toMatchObject({
      candidates: [{ content: { parts: [{ text: 'echo: hello' }] }, finishReason: 'STOP' }],
      usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 20 },
    })
  })

  test('streams text, and ends with its usage', async () => {
    const events = await eventsOf(
      await post(`${path}:streamGenerateContent`, contents('[[say:a text in two]]')),
    )
    const texts = events.map((event) => JSON.stringify(event['candidates']))
    expect(texts.slice(0, -1).join('')).toMatch(/a text in tw.*"o"/)
    expect(events.filter((event) => 'usageMetadata' in event)).toEqual([events.at(-1)])
  })

  test('calls a tool, and takes its result', async () => {
    const tools = [{ functionDeclarations: [{ name: 'run_shell_command' }] }]
    const asked = { ...contents('[[bash:ls]]'), tools }
    const [called] = await eventsOf(await post(`${path}:streamGenerateContent`, asked))
    const functionCall = { name: 'run_shell_command', args: { command: 'ls' } }
    expect(called).toMatchObject({ candidates: [{ content: { parts: [{ functionCall }] } }] })
    const result = { functionResponse: { name: 'x', response: { output: 'file' } } }
    const later = { ...asked, contents: [...asked.contents, { role: 'user', parts: [result] }] }
    expect(await (await post(`${path}:generateContent`, later)).json()).toMatchObject({
      candidates: [{ content: { parts: [{ text: 'tool said: {"output":"file"}' }] } }],
    })
  })

  test('fails in its own shape, counts tokens, and fills in a form', async () => {
    const failed = await post(`${path}:streamGenerateContent`, contents('[[fail:429]]'))
    expect([failed.status, await failed.json()]).toMatchObject([
      429,
      { error: { code: 429, status: 'RESOURCE_EXHAUSTED' } },
    ])
    expect(await (await post(`${path}:countTokens`, contents('x'))).json()).toEqual({
      totalTokens: 100,
    })
    const properties = {
      which: { type: 'STRING', enum: ['flash', 'pro'] },
      why: { type: 'string' },
    }
    const form = { ...contents('x'), generationConfig: { responseJsonSchema: { properties } } }
    expect(await (await post(`${path}:generateContent`, form)).json()).toMatchObject({
      candidates: [{ content: { parts: [{ text: '{"which":"flash","why":"scripted"}' }] } }],
    })
  })
})

describe('OpenAI Responses', () => {
  const path = '/v1/responses'
  const user = (text: string) => ({ role: 'user', content: [{ type: 'input_text', text }] })
  const put = (input: unknown, fields: object = {}) => ({ model: 'm', input, ...fields })

  test('answers whole, also a plain text', async () => {
    expect(await (await post(path, put('hello'))).json()).toMatchObject({
      object: 'response',
      status: 'completed',
      output: [{ type: 'message', content: [{ type: 'output_text', text: 'echo: hello' }] }],
      usage: { input_tokens: 100, output_tokens: 20 },
    })
  })

  test('streams text as the documented events, numbered', async () => {
    const input = [user('[[say:a text in two]]')]
    const events = await eventsOf(await post(path, put(input, { stream: true })))
    expect(events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ])
    expect(events.map((event) => event['sequence_number'])).toEqual([...events.keys()])
  })

  test('calls a function, and takes its result; what a client says beside its user is no prompt', async () => {
    const tools = [{ type: 'function', name: 'exec_command' }, { type: 'web_search' }]
    const asked = [user('[[bash:ls]]'), user('<environment_context>here</environment_context>')]
    const events = await eventsOf(await post(path, put(asked, { tools, stream: true })))
    const call = { type: 'function_call', name: 'exec_command', arguments: '{"cmd":"ls"}' }
    expect(events.at(-2)).toMatchObject({ type: 'response.output_item.done', item: call })
    const input = [...asked, call, { type: 'function_call_output', call_id: 'c', output: 'file' }]
    expect(await (await post(path, put(input, { tools }))).json()).toMatchObject({
      output: [{ content: [{ text: 'tool said: file' }] }],
    })
  })

  test('finds tools among the input, and calls a shell from JavaScript where there is no other', async () => {
    const exec = { type: 'custom', name: 'exec' }
    const added = { type: 'namespace', name: 'functions', tools: [exec] }
    const input = [{ type: 'additional_tools', tools: [added] }, user('[[bash:ls]]')]
    expect(await (await post(path, put(input))).json()).toMatchObject({
      output: [{ type: 'custom_tool_call', input: expect.stringContaining('{ cmd: "ls" }') }],
    })
  })

  test('calls a free-form tool with a text', async () => {
    const tools = [{ type: 'custom', name: 'apply_patch' }]
    const input = [user('[[tool:apply_patch "*** Begin"]]')]
    expect(await (await post(path, put(input, { tools }))).json()).toMatchObject({
      output: [{ type: 'custom_tool_call', name: 'apply_patch', input: '*** Begin' }],
    })
  })

  test('fails in its own shape, with the time to try again', async () => {
    const failed = await post(path, put([user('[[fail:429 30]]')]))
    expect([failed.status, failed.headers.get('retry-after'), await failed.json()]).toMatchObject([
      429,
      '30',
      { error: { type: 'rate_limit_exceeded' } },
    ])
  })
})

describe('the server', () => {
  test('records what was asked, and that a client went away', async () => {
    const abort = new AbortController()
    const response = await post('/v1/messages', ask('[[slow:100]]', { stream: true }), abort.signal)
    await response.body?.getReader().read()
    abort.abort()
    const request = server.requests.at(-1)
    expect(request).toMatchObject({ method: 'POST', path: '/v1/messages', body: { model: 'm' } })
    await expect.poll(() => request?.isAborted).toBe(true)
  })

  test('says that nothing is at a path it does not know, and survives a body that is not JSON', async () => {
    expect((await fetch(`${server.url}/v1/other`)).status).toBe(404)
    expect((await fetch(`${server.url}/v1/messages`, { method: 'POST', body: '{' })).status).toBe(
      200,
    )
  })

  test('ends with its open answers', async () => {
    const own = await startModelServer()
    const response = await fetch(`${own.url}/v1/messages`, {
      method: 'POST',
      body: JSON.stringify(ask('[[slow:100]]', { stream: true })),
    })
    await own.close()
    await expect(response.text()).rejects.toThrow()
  })
})
