import type { AgentStopped, RunnerError, RunnerInput } from '../ndjson/protocol.ts'
import type { ChatConfig } from './chat-config.ts'
import { recentTurns, type Entry, type ToolCall } from './conversation.ts'
import { readMemory } from './memory.ts'
import type { Model, ModelAnswer, ModelFailure, ModelListener } from './model.ts'
import type { Output } from './output.ts'
import { runTool } from './run-tool.ts'
import type { Session } from './session-file.ts'
import { composeSystemPrompt } from './system-prompt.ts'
import { defineTools } from './tool-definitions.ts'
import { hasTrigger } from './trigger.ts'

export type Query = Extract<RunnerInput, { type: 'query' }>

/** What a turn works with. */
export interface TurnContext {
  config: ChatConfig
  session: Session
  /** The model, found at the first call. Rejects only when `signal` aborts. */
  model: () => Promise<Model>
  output: Output
  signal: AbortSignal
}

/** Sums of one turn. */
interface Tally {
  reply: string
  inputTokens: number | null
  outputTokens: number | null
  cachedInputTokens: number | null
  reasoningTokens: number | null
  model: string | null
}

const emptyTally: Tally = {
  reply: '',
  inputTokens: null,
  outputTokens: null,
  cachedInputTokens: null,
  reasoningTokens: null,
  model: null,
}

/**
 * One turn, from `agent_started` to `agent_stopped`. It never rejects for what a model, a tool or
 * an abort does: that is the turn's error. The conversation is on disk before the end is told.
 */
export async function takeTurn(query: Query, context: TurnContext): Promise<void> {
  const { config, session, output } = context
  const startedAt = performance.now()
  const tally: Tally = { ...emptyTally }
  output.print({ type: 'agent_started', id: query.id })
  let error: RunnerError | null = null
  if (config.trigger !== null && !hasTrigger(query.text, config.trigger)) {
    output.event(query.id, {
      type: 'status',
      status: 'ignored',
      detail: `The message does not hold "${config.trigger}".`,
    })
  } else {
    const { id, from, text } = query
    session.append({ type: 'user', id, from, text, at: Date.now() })
    error = await converse(query, tally, context)
    session.append({ type: 'end', id, error: error?.message ?? null })
    session.sync()
  }
  output.print(
    stopped(query.id, { tally, error, durationMs: Math.round(performance.now() - startedAt) }),
  )
}

function stopped(
  id: string,
  { tally, error, durationMs }: { tally: Tally; error: RunnerError | null; durationMs: number },
): AgentStopped {
  const usage = {
    input_tokens: tally.inputTokens,
    output_tokens: tally.outputTokens,
    cached_input_tokens: tally.cachedInputTokens,
    reasoning_tokens: tally.reasoningTokens,
  }
  return {
    type: 'agent_stopped',
    id,
    reply: tally.reply,
    usage,
    model: tally.model,
    cost_usd: null,
    duration_ms: durationMs,
    error,
  }
}

/** Rounds of answer and tool calls until the model has nothing more to call. */
async function converse(
  query: Query,
  tally: Tally,
  context: TurnContext,
): Promise<RunnerError | null> {
  const { config, session, signal } = context
  try {
    for (let round = 0; round < config.limits.maxToolRounds; round++) {
      const answer = await askModel(query, tally, context)
      if (answer.kind === 'failure') {
        const { kind: _, ...failure } = answer
        return failure
      }
      addUsage(tally, answer)
      const { text, toolCalls } = answer
      session.append({ type: 'assistant', text, toolCalls })
      if (toolCalls.length === 0) {
        return null
      }
      for (const call of toolCalls) {
        signal.throwIfAborted()
        session.append(await callTool(query, call, context))
      }
    }
    return {
      class: 'unknown',
      message: `The turn came to its limit of ${config.limits.maxToolRounds} rounds of tool calls.`,
    }
  } catch (error) {
    return signal.aborted
      ? { class: 'unknown', message: 'The turn was aborted.' }
      : { class: 'unknown', message: error instanceof Error ? error.message : String(error) }
  }
}

async function askModel(
  query: Query,
  tally: Tally,
  context: TurnContext,
): Promise<ModelAnswer | ModelFailure> {
  const { config, session, model, output, signal } = context
  const memory = readMemory(config.memory, config.folder)
  const { agent, persona, folder, tools } = config
  let isParagraphDue = tally.reply !== '' && !tally.reply.endsWith('\n')
  const listener: ModelListener = {
    text(delta) {
      if (delta === '') {
        return
      }
      // What is said after a tool call is a paragraph of its own.
      const text = isParagraphDue ? `\n\n${delta}` : delta
      isParagraphDue = false
      tally.reply += text
      output.event(query.id, { type: 'text', text })
    },
    thinking: (text) => text !== '' && output.event(query.id, { type: 'thinking', text }),
  }
  const request = {
    agent,
    persona,
    memory,
    system: composeSystemPrompt({ agent, persona, folder, tools, memory }),
    turns: recentTurns(session.turns, config.limits.historyBytes),
    messageCount: session.turns.length,
    tools: defineTools(tools),
  }
  const chosen = await model()
  tally.model = chosen.name
  return chosen.answer(request, listener, signal)
}

async function callTool(
  query: Query,
  call: ToolCall,
  { config, output, signal }: TurnContext,
): Promise<Entry> {
  output.event(query.id, {
    type: 'tool_call',
    id: call.id,
    name: call.name,
    input: readableInput(call.input),
  })
  const result = await runTool(call, config, signal)
  const { output: text, isError } = result
  output.event(query.id, { type: 'tool_result', id: call.id, output: text, is_error: isError })
  return { type: 'tool', id: call.id, output: text, isError }
}

function readableInput(input: string): unknown {
  try {
    return JSON.parse(input.trim() || '{}')
  } catch {
    return input
  }
}

function addUsage(tally: Tally, answer: ModelAnswer): void {
  for (const name of [
    'inputTokens',
    'outputTokens',
    'cachedInputTokens',
    'reasoningTokens',
  ] as const) {
    if (answer[name] !== null) {
      tally[name] = (tally[name] ?? 0) + answer[name]
    }
  }
}
