import type { ToolCall, Turn } from './conversation.ts'
import type { ModelRequest } from './model.ts'

/** OpenAI's Chat Completions format, as far as a streamed answer with tools needs it. */

interface WireMessage {
  role: 'system' | 'user' | 'assistant' | 'tool'
  content: string | null
  tool_calls?: { id: string; type: 'function'; function: { name: string; arguments: string } }[]
  tool_call_id?: string
}

/** The body of a request for one streamed answer. */
export function encodeRequest(model: string, request: ModelRequest): string {
  const system: WireMessage = { role: 'system', content: request.system }
  const tools = request.tools.map((tool) => ({ type: 'function', function: tool }))
  return JSON.stringify({
    model,
    messages: [system, ...request.turns.flatMap(encodeTurn)],
    ...(tools.length > 0 ? { tools } : {}),
    stream: true,
    stream_options: { include_usage: true },
  })
}

function encodeMessage({ from, text }: { from: string; text: string }): WireMessage {
  return { role: 'user', content: from === 'user' ? text : `Message from ${from}:\n${text}` }
}

function encodeTurn({ from, text, steps }: Turn): WireMessage[] {
  const answers = steps.map((step): WireMessage => {
    if (step.type === 'tool') {
      return { role: 'tool', content: step.output, tool_call_id: step.id }
    }
    if (step.type === 'joined') {
      return encodeMessage(step)
    }
    const calls = step.toolCalls.map(({ id, name, input }) => ({
      id,
      type: 'function' as const,
      function: { name, arguments: input },
    }))
    return {
      role: 'assistant',
      content: step.text,
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    }
  })
  return [encodeMessage({ from, text }), ...answers]
}

/** What one streamed chunk adds to the answer. */
export interface ChunkDelta {
  text: string
  thinking: string
  /** The endpoint's error in mid-stream; null when all is well. */
  error: string | null
}

interface Chunk {
  choices?: { delta?: Delta; message?: Delta }[]
  usage?: {
    prompt_tokens?: number
    completion_tokens?: number
    prompt_tokens_details?: { cached_tokens?: number | null } | null
    completion_tokens_details?: { reasoning_tokens?: number | null } | null
  } | null
  error?: unknown
}

interface Delta {
  content?: string | null
  reasoning?: string | null
  reasoning_content?: string | null
  tool_calls?: { index?: number; id?: string; function?: { name?: string; arguments?: string } }[]
}

/** Puts the chunks of one answer together. */
export interface AnswerAssembly {
  text: string
  toolCalls: ToolCall[]
  inputTokens: number | null
  outputTokens: number | null
  cachedInputTokens: number | null
  reasoningTokens: number | null
  /** Place in `toolCalls` of the endpoint's index. */
  places: Map<number, number>
}

export function createAssembly(): AnswerAssembly {
  const tokens = { inputTokens: null, outputTokens: null }
  const parts = { cachedInputTokens: null, reasoningTokens: null }
  return { text: '', toolCalls: [], ...tokens, ...parts, places: new Map() }
}

/** Adds the data of one event. Throws when it is not JSON. */
export function addChunk(assembly: AnswerAssembly, data: string): ChunkDelta {
  const chunk = JSON.parse(data) as Chunk | null
  if (chunk?.error) {
    return { text: '', thinking: '', error: JSON.stringify({ error: chunk.error }) }
  }
  const choice = chunk?.choices?.[0]
  const delta = choice?.delta ?? choice?.message ?? {}
  const text = delta.content ?? ''
  assembly.text += text
  for (const piece of delta.tool_calls ?? []) {
    addToolCall(assembly, piece)
  }
  addUsage(assembly, chunk?.usage)
  return { text, thinking: delta.reasoning_content ?? delta.reasoning ?? '', error: null }
}

function addUsage(assembly: AnswerAssembly, usage: Chunk['usage']): void {
  assembly.inputTokens = usage?.prompt_tokens ?? assembly.inputTokens
  assembly.outputTokens = usage?.completion_tokens ?? assembly.outputTokens
  assembly.cachedInputTokens =
    usage?.prompt_tokens_details?.cached_tokens ?? assembly.cachedInputTokens
  assembly.reasoningTokens =
    usage?.completion_tokens_details?.reasoning_tokens ?? assembly.reasoningTokens
}

/** Some endpoints give every call the index 0, or none: a new id is a new call. */
function addToolCall(
  assembly: AnswerAssembly,
  piece: NonNullable<Delta['tool_calls']>[number],
): void {
  const { places, toolCalls } = assembly
  const index = piece.index ?? Math.max(0, toolCalls.length - 1)
  const known = toolCalls[places.get(index) ?? -1]
  if (known && (!piece.id || piece.id === known.id)) {
    known.name += piece.function?.name ?? ''
    known.input += piece.function?.arguments ?? ''
    return
  }
  places.set(index, toolCalls.length)
  toolCalls.push({
    id: piece.id || `call_${toolCalls.length}`,
    name: piece.function?.name ?? '',
    input: piece.function?.arguments ?? '',
  })
}
