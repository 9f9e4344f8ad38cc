import { readFileSync } from 'node:fs'
import type { ChatLimits } from './chat-config.ts'
import { addChunk, createAssembly, encodeRequest } from './chat-completions.ts'
import { describeBreak, describeRefusal } from './describe-failure.ts'
import type { Model, ModelAnswer, ModelFailure, ModelListener, ModelRequest } from './model.ts'
import { createEventSplitter } from './server-sent-events.ts'
import { EndpointError, readBody, requestStream } from './stream-request.ts'

export interface Endpoint {
  /** For people: `llama3 on Ollama at http://127.0.0.1:11434`. */
  title: string
  /** Address that `/chat/completions` is appended to. */
  baseUrl: string
  keyFile: string | null
  model: string
  /** What its tokens are priced by. */
  priceName: string
}

/** A model behind any OpenAI-compatible Chat Completions endpoint. */
export function createOpenaiModel(endpoint: Endpoint, limits: ChatLimits): Model {
  let canUseTools = true
  return {
    title: endpoint.title,
    name: endpoint.priceName,
    async answer(request, listener, signal) {
      const task = { endpoint, limits, listener, signal }
      const first = await ask(canUseTools ? request : { ...request, tools: [] }, task)
      // Ollama refuses tools for models that were not made for them.
      if (
        first.kind === 'failure' &&
        canUseTools &&
        /does not support tools/i.test(first.message)
      ) {
        canUseTools = false
        return ask({ ...request, tools: [] }, task)
      }
      return first
    },
  }
}

interface Task {
  endpoint: Endpoint
  limits: ChatLimits
  listener: ModelListener
  signal: AbortSignal
}

async function ask(request: ModelRequest, task: Task): Promise<ModelAnswer | ModelFailure> {
  const { endpoint, limits, signal } = task
  const key = readKey(endpoint.keyFile)
  if (key === undefined) {
    return {
      kind: 'failure',
      class: 'auth',
      message: `the key file ${endpoint.keyFile} can't be read`,
    }
  }
  try {
    const { status, retryAfter, pieces } = await requestStream({
      url: new URL(`${endpoint.baseUrl}/chat/completions`),
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      },
      body: encodeRequest(endpoint.model, request),
      connectDeadlineMs: limits.connectDeadlineMs,
      silenceDeadlineMs: limits.silenceDeadlineMs,
      signal,
    })
    if (status === 200) {
      return await readAnswer(pieces, task)
    }
    const text = await readBody(pieces)
    return describeRefusal({ status, text, retryAfter }, endpoint.title, Date.now())
  } catch (error) {
    if (error instanceof EndpointError) {
      return { kind: 'failure', class: 'network', message: error.message }
    }
    throw error
  }
}

/** The key without white space; null when none is needed, undefined when it can't be read. */
function readKey(file: string | null): string | null | undefined {
  if (file === null) {
    return null
  }
  try {
    return readFileSync(file, 'utf8').trim() || undefined
  } catch {
    return undefined
  }
}

async function readAnswer(
  pieces: AsyncIterable<string>,
  task: Task,
): Promise<ModelAnswer | ModelFailure> {
  const { endpoint, listener } = task
  const split = createEventSplitter()
  const assembly = createAssembly()
  let isDone = false
  for await (const piece of pieces) {
    for (const data of split(piece)) {
      if (data === '[DONE]') {
        isDone = true
        continue
      }
      const delta = tryAddChunk(assembly, data)
      if (delta.error !== null) {
        return describeBreak(delta.error, endpoint.title, Date.now())
      }
      listener.thinking(delta.thinking)
      listener.text(delta.text)
    }
  }
  if (!isDone && assembly.text === '' && assembly.toolCalls.length === 0) {
    return {
      kind: 'failure',
      class: 'network',
      message: `${endpoint.title} ended without an answer`,
    }
  }
  const { places: _, ...answer } = assembly
  return { kind: 'answer', ...answer }
}

function tryAddChunk(
  assembly: ReturnType<typeof createAssembly>,
  data: string,
): ReturnType<typeof addChunk> {
  try {
    return addChunk(assembly, data)
  } catch {
    return { text: '', thinking: '', error: `not JSON: ${data}` }
  }
}
