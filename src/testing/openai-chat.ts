import type { Answer, Prompt } from './script.ts'
import { beginEvents, sendFailure, sendJson, sendWords } from './send.ts'
import {
  isObject,
  objectsOf,
  stringOf,
  textOf,
  usage,
  type Exchange,
  type JsonObject,
  type WireFormat,
} from './wire-format.ts'

/** OpenAI's Chat Completions API. Source: platform.openai.com, API reference. */
export const openaiChat: WireFormat = {
  name: 'openai-chat',
  matches: (path) => path.endsWith('/chat/completions'),
  readPrompt,
  async sendAnswer(answer, exchange) {
    if (answer.kind === 'failure') {
      const error = { message: 'Scripted failure', type: 'scripted_failure', code: null }
      return sendFailure(exchange.response, answer, { error })
    }
    return exchange.body['stream'] === true
      ? streamAnswer(answer, exchange)
      : sendWhole(answer, exchange)
  },
}

type Said = Exclude<Answer, { kind: 'failure' }>

function readPrompt(body: JsonObject): Prompt {
  const toolResults: string[] = []
  let text = ''
  for (const { role, content } of objectsOf(body['messages']).toReversed()) {
    if (role === 'tool') {
      toolResults.unshift(textOf(content))
    } else if (role === 'user') {
      text = textOf(content)
      break
    }
  }
  const tools = objectsOf(body['tools']).map((tool) =>
    isObject(tool['function']) ? stringOf(tool['function']['name']) : '',
  )
  return { text, toolResults, tools }
}

function envelope(object: string, { number, body }: Exchange): JsonObject {
  return {
    id: `chatcmpl-${number}`,
    object,
    created: Math.floor(Date.now() / 1000),
    model: stringOf(body['model']),
  }
}

const wireUsage = {
  prompt_tokens: usage.input,
  completion_tokens: usage.output,
  total_tokens: usage.input + usage.output,
  prompt_tokens_details: { cached_tokens: usage.cached },
}

function toolCalls(answer: Extract<Said, { kind: 'tool' }>, number: number): JsonObject[] {
  const call = { name: answer.name, arguments: JSON.stringify(answer.input) }
  return [{ index: 0, id: `call_${number}`, type: 'function', function: call }]
}

function finishReason(answer: Said): string {
  return answer.kind === 'tool' ? 'tool_calls' : 'stop'
}

function sendWhole(answer: Said, exchange: Exchange): void {
  const message =
    answer.kind === 'tool'
      ? { role: 'assistant', content: null, tool_calls: toolCalls(answer, exchange.number) }
      : { role: 'assistant', content: answer.words.join('') }
  sendJson(exchange.response, 200, {
    ...envelope('chat.completion', exchange),
    choices: [{ index: 0, message, finish_reason: finishReason(answer) }],
    usage: wireUsage,
  })
}

async function streamAnswer(answer: Said, exchange: Exchange): Promise<void> {
  const { response, body, number } = exchange
  const base = envelope('chat.completion.chunk', exchange)
  const send = (fields: JsonObject) =>
    response.write(`data: ${JSON.stringify({ ...base, ...fields })}\n\n`)
  const sendDelta = (delta: JsonObject, reason: string | null = null) =>
    send({ choices: [{ index: 0, delta, finish_reason: reason }] })
  beginEvents(exchange)
  sendDelta({ role: 'assistant', content: '' })
  if (answer.kind === 'tool') {
    sendDelta({ tool_calls: toolCalls(answer, number) })
  } else {
    await sendWords(response, answer, (content) => sendDelta({ content }))
  }
  sendDelta({}, finishReason(answer))
  const options = body['stream_options']
  if (isObject(options) && options['include_usage'] === true) {
    send({ choices: [], usage: wireUsage })
  }
  response.end('data: [DONE]\n\n')
}
