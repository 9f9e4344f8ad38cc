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

/** Anthropic's Messages API, with `count_tokens`. Source: docs.claude.com, API reference. */
export const anthropicMessages: WireFormat = {
  name: 'anthropic-messages',
  matches: (path) => path.endsWith('/v1/messages') || path.endsWith('/v1/messages/count_tokens'),
  answerAside({ path, response }) {
    if (path.endsWith('/count_tokens')) {
      sendJson(response, 200, { input_tokens: usage.input })
      return true
    }
    return false
  },
  readPrompt,
  async sendAnswer(answer, exchange) {
    if (answer.kind === 'failure') {
      const error = { type: errorTypes[answer.status] ?? 'api_error', message: 'Scripted failure' }
      return sendFailure(exchange.response, answer, { type: 'error', error })
    }
    return exchange.body['stream'] === true
      ? streamAnswer(answer, exchange)
      : sendWhole(answer, exchange)
  },
}

const errorTypes: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}

type Said = Exclude<Answer, { kind: 'failure' }>

/** Text that Claude Code itself puts beside what its user wrote. */
const clientText = /^\s*<(system-reminder|command-|local-command)/

function readPrompt(body: JsonObject): Prompt {
  const toolResults: string[] = []
  let text = ''
  for (const { content } of objectsOf(body['messages'])
    .filter(({ role }) => role === 'user')
    .toReversed()) {
    const blocks =
      typeof content === 'string' ? [{ type: 'text', text: content }] : objectsOf(content)
    const results = blocks.filter(({ type }) => type === 'tool_result')
    toolResults.unshift(...results.map((block) => textOf(block['content'])))
    const texts = blocks
      .filter(({ type }) => type === 'text')
      .map((block) => stringOf(block['text']))
    text = texts.filter((candidate) => !clientText.test(candidate)).join('\n')
    if (text.trim() !== '') {
      break
    }
  }
  const tools = objectsOf(body['tools']).map(({ name }) => stringOf(name))
  return { text, toolResults, tools }
}

function startingUsage(): JsonObject {
  return {
    input_tokens: usage.input,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: usage.cached,
    output_tokens: 1,
  }
}

function envelope({ number, body }: Exchange): JsonObject {
  return {
    id: `msg_${number}`,
    type: 'message',
    role: 'assistant',
    model: stringOf(body['model']),
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: startingUsage(),
  }
}

function stopReason(answer: Said): string {
  return answer.kind === 'tool' ? 'tool_use' : 'end_turn'
}

function sendWhole(answer: Said, exchange: Exchange): void {
  const block =
    answer.kind === 'tool'
      ? { type: 'tool_use', id: `toolu_${exchange.number}`, name: answer.name, input: answer.input }
      : { type: 'text', text: answer.words.join('') }
  sendJson(exchange.response, 200, {
    ...envelope(exchange),
    content: [block],
    stop_reason: stopReason(answer),
    usage: { ...startingUsage(), output_tokens: usage.output },
  })
}

async function streamAnswer(answer: Said, exchange: Exchange): Promise<void> {
  const { response, number } = exchange
  const send = (type: string, fields: JsonObject) =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`)
  beginEvents(exchange)
  send('message_start', { message: envelope(exchange) })
  if (answer.kind === 'tool') {
    const block = { type: 'tool_use', id: `toolu_${number}`, name: answer.name, input: {} }
    const delta = { type: 'input_json_delta', partial_json: JSON.stringify(answer.input) }
    send('content_block_start', { index: 0, content_block: block })
    send('content_block_delta', { index: 0, delta })
  } else {
    send('content_block_start', { index: 0, content_block: { type: 'text', text: '' } })
    await sendWords(response, answer, (text) =>
      send('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
    )
  }
  send('content_block_stop', { index: 0 })
  const delta = { stop_reason: stopReason(answer), stop_sequence: null }
  send('message_delta', { delta, usage: { output_tokens: usage.output } })
  send('message_stop', {})
  response.end()
}
