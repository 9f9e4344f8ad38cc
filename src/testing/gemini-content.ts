import type { Answer, Prompt } from './script.ts'
import { beginEvents, sendFailure, sendJson, sendWords } from './send.ts'
import {
  isObject,
  objectsOf,
  stringOf,
  usage,
  type Exchange,
  type JsonObject,
  type WireFormat,
} from './wire-format.ts'

const methodPattern = /\/models\/[^/:]+:(generateContent|streamGenerateContent|countTokens)$/

/** Gemini's generateContent, whole and streamed, with `countTokens`. Source: ai.google.dev, API reference. */
export const geminiContent: WireFormat = {
  name: 'gemini-content',
  matches: (path) => methodPattern.test(path),
  answerAside({ path, body, response }) {
    if (path.endsWith(':countTokens')) {
      sendJson(response, 200, { totalTokens: usage.input })
      return true
    }
    const fields = schemaFields(body)
    if (fields) {
      sendJson(response, 200, candidate([{ text: JSON.stringify(fields) }], true))
      return true
    }
    return false
  },
  readPrompt,
  async sendAnswer(answer, exchange) {
    if (answer.kind === 'failure') {
      const { status } = answer
      const error = {
        code: status,
        message: 'Scripted failure',
        status: statuses[status] ?? 'UNKNOWN',
      }
      return sendFailure(exchange.response, answer, { error })
    }
    return exchange.path.endsWith(':streamGenerateContent')
      ? streamAnswer(answer, exchange)
      : sendWhole(answer, exchange)
  },
}

const statuses: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
}

type Said = Exclude<Answer, { kind: 'failure' }>

/**
 * Gemini CLI asks beside its turns which model to use, or who speaks next, and wants JSON of a given
 * schema. No script can know these schemas: each field gets the first value that it may have.
 */
function schemaFields({ generationConfig }: JsonObject): JsonObject | null {
  const config = isObject(generationConfig) ? generationConfig : {}
  const schema = config['responseJsonSchema'] ?? config['responseSchema']
  const properties = isObject(schema) ? schema['properties'] : null
  return isObject(properties)
    ? Object.fromEntries(Object.entries(properties).map(([name, of]) => [name, firstValue(of)]))
    : null
}

function firstValue(schema: unknown): unknown {
  const { type, enum: values } = isObject(schema) ? schema : {}
  const kind = stringOf(type).toLowerCase()
  if (Array.isArray(values)) {
    return values[0]
  }
  if (kind === 'number' || kind === 'integer') {
    return 1
  }
  return kind === 'boolean' ? false : kind === 'array' ? [] : 'scripted'
}

function readPrompt(body: JsonObject): Prompt {
  const toolResults: string[] = []
  let text = ''
  for (const content of objectsOf(body['contents']).toReversed()) {
    const parts = objectsOf(content['parts'])
    const results = parts.flatMap(({ functionResponse }) =>
      isObject(functionResponse) ? [JSON.stringify(functionResponse['response'])] : [],
    )
    toolResults.unshift(...results)
    if (content['role'] === 'user' && results.length === 0) {
      text = parts.map((part) => stringOf(part['text'])).join('\n')
      break
    }
  }
  const tools = objectsOf(body['tools'])
    .flatMap(({ functionDeclarations }) => objectsOf(functionDeclarations))
    .map(({ name }) => stringOf(name))
  return { text, toolResults, tools }
}

function candidate(parts: readonly JsonObject[], isLast: boolean): JsonObject {
  const usageMetadata = {
    promptTokenCount: usage.input,
    candidatesTokenCount: usage.output,
    totalTokenCount: usage.input + usage.output,
    cachedContentTokenCount: usage.cached,
  }
  return {
    candidates: [
      { content: { role: 'model', parts }, index: 0, ...(isLast ? { finishReason: 'STOP' } : {}) },
    ],
    ...(isLast ? { usageMetadata } : {}),
    modelVersion: 'scripted',
  }
}

function toolPart({ name, input }: Extract<Said, { kind: 'tool' }>): JsonObject {
  return { functionCall: { name, args: input } }
}

function sendWhole(answer: Said, { response }: Exchange): void {
  const part = answer.kind === 'tool' ? toolPart(answer) : { text: answer.words.join('') }
  sendJson(response, 200, candidate([part], true))
}

/** Its stream ends with the last candidate; there is no word for the end. */
async function streamAnswer(answer: Said, exchange: Exchange): Promise<void> {
  const { response } = exchange
  const send = (parts: readonly JsonObject[], isLast: boolean) =>
    response.write(`data: ${JSON.stringify(candidate(parts, isLast))}\r\n\r\n`)
  beginEvents(exchange)
  if (answer.kind === 'tool') {
    send([toolPart(answer)], true)
  } else {
    await sendWords(response, answer, (text) => send([{ text }], false))
    send([{ text: '' }], true)
  }
  response.end()
}
