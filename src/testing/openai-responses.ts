import type { Answer, Prompt } from './script.ts'
import { beginEvents, sendFailure, sendJson, sendWords } from './send.ts'
import {
  objectsOf,
  stringOf,
  textOf,
  usage,
  type Exchange,
  type JsonObject,
  type WireFormat,
} from './wire-format.ts'

/** OpenAI's Responses API. Source: platform.openai.com, API reference. */
export const openaiResponses: WireFormat = {
  name: 'openai-responses',
  matches: (path) => path.endsWith('/responses'),
  readPrompt,
  async sendAnswer(answer, exchange) {
    if (answer.kind === 'failure') {
      const error = {
        message: 'Scripted failure',
        type: errorTypes[answer.status] ?? 'server_error',
        code: null,
      }
      return sendFailure(exchange.response, answer, { error })
    }
    return exchange.body['stream'] === true
      ? streamAnswer(answer, exchange)
      : sendJson(exchange.response, 200, finished(exchange, wholeItem(answer, exchange.number)))
  },
}

const errorTypes: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_exceeded',
}

type Said = Exclude<Answer, { kind: 'failure' }>

/** Text that Codex itself puts beside what its user wrote. */
const clientText =
  /^\s*(<(environment_context|user_instructions|permissions|turn_aborted|recommended|skill)|# AGENTS\.md)/

function readPrompt(body: JsonObject): Prompt {
  const toolResults: string[] = []
  let text = ''
  const input =
    typeof body['input'] === 'string'
      ? [{ role: 'user', content: body['input'] }]
      : objectsOf(body['input'])
  for (const item of input.toReversed()) {
    if (stringOf(item['type']).endsWith('_call_output')) {
      toolResults.unshift(textOf(item['output']))
    } else if (item['role'] === 'user') {
      text = userText(item['content'])
      if (text.trim() !== '') {
        break
      }
    }
  }
  const added = input.filter(({ type }) => type === 'additional_tools')
  const tools = [body, ...added].flatMap((place) => toolNames(place['tools']))
  return { text, toolResults, tools }
}

/** Tools stand in the request or, for newer models, among its input, and may be sorted into namespaces. */
function toolNames(tools: unknown): string[] {
  return objectsOf(tools).flatMap(({ name, type, tools: inner }) =>
    type === 'namespace' ? toolNames(inner) : [stringOf(name ?? type)],
  )
}

function userText(content: unknown): string {
  const texts = typeof content === 'string' ? [{ text: content }] : objectsOf(content)
  return textOf(texts.filter(({ text }) => !clientText.test(stringOf(text))))
}

function envelope({ number, body }: Exchange, status: string): JsonObject {
  return {
    id: `resp_${number}`,
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    status,
    model: stringOf(body['model']),
    output: [],
    usage: null,
  }
}

function finished(exchange: Exchange, item: JsonObject): JsonObject {
  return {
    ...envelope(exchange, 'completed'),
    output: [item],
    usage: {
      input_tokens: usage.input,
      input_tokens_details: { cached_tokens: usage.cached },
      output_tokens: usage.output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: usage.input + usage.output,
    },
  }
}

function textPart(text: string): JsonObject {
  return { type: 'output_text', text, annotations: [] }
}

/** A call whose input is one string is one of a free-form tool, else of a function. */
function wholeItem(answer: Said, number: number): JsonObject {
  if (answer.kind === 'text') {
    const content = [textPart(answer.words.join(''))]
    return { type: 'message', id: `msg_${number}`, role: 'assistant', status: 'completed', content }
  }
  const call = { call_id: `call_${number}`, name: answer.name, status: 'completed' }
  return typeof answer.input === 'string'
    ? { type: 'custom_tool_call', id: `ctc_${number}`, ...call, input: answer.input }
    : {
        type: 'function_call',
        id: `fc_${number}`,
        ...call,
        arguments: JSON.stringify(answer.input),
      }
}

type Send = (type: string, fields: JsonObject) => void

async function streamAnswer(answer: Said, exchange: Exchange): Promise<void> {
  const { response, number } = exchange
  let sequence = 0
  const send: Send = (type, fields) => {
    const event = { type, sequence_number: sequence++, ...fields }
    response.write(`event: ${type}\ndata: ${JSON.stringify(event)}\n\n`)
  }
  const item = wholeItem(answer, number)
  beginEvents(exchange)
  send('response.created', { response: envelope(exchange, 'in_progress') })
  send('response.output_item.added', { output_index: 0, item: begun(item) })
  if (answer.kind === 'text') {
    const place = { item_id: item['id'], output_index: 0, content_index: 0 }
    send('response.content_part.added', { ...place, part: textPart('') })
    await sendWords(response, answer, (delta) =>
      send('response.output_text.delta', { ...place, delta }),
    )
    const text = answer.words.join('')
    send('response.output_text.done', { ...place, text })
    send('response.content_part.done', { ...place, part: textPart(text) })
  }
  send('response.output_item.done', { output_index: 0, item })
  send('response.completed', { response: finished(exchange, item) })
  response.end()
}

/** An item as it is announced, before anything of it is said. */
function begun(item: JsonObject): JsonObject {
  const empty: Record<string, JsonObject> = {
    message: { content: [] },
    custom_tool_call: { input: '' },
    function_call: { arguments: '' },
  }
  return { ...item, ...empty[stringOf(item['type'])], status: 'in_progress' }
}
