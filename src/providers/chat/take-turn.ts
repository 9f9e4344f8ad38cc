import type { RunnerError, RunnerInput } from '../ndjson/protocol.ts'
import { callTool } from './call-tool.ts'
import type { ChatConfig } from './chat-config.ts'
import { recentTurns } from './conversation.ts'
import { readMemory } from './memory.ts'
import type { Model, ModelAnswer, ModelFailure, ModelListener } from './model.ts'
import type { Output } from './output.ts'
import type { Questions } from './questions.ts'
import type { Session } from './session-file.ts'
import { composeSystemPrompt } from './system-prompt.ts'
import { addUsage, createTally, usageOf, type Tally } from './tally.ts'
import { defineTools } from './tool-definitions.ts'
import { hasTrigger } from './trigger.ts'

export type Query = Extract<RunnerInput, { type: 'query' }>

/** What a turn works with. */
export interface TurnContext {
  /** Its settings may change as the turn goes on; they count from the next call of the model. */
  config: ChatConfig
  session: Session
  /** The model, found at the first call. Rejects only when the program is to end. */
  model: () => Promise<Model>
  output: Output
  questions: Questions
  /** Aborted with `Interruption` the turn is over, with all else the program. */
  signal: AbortSignal
  /** Messages that came since and are to join the turn, each given once. */
  takeJoining: () => readonly Query[]
}

/** A person ended the turn; the program goes on. */
export class Interruption extends Error {
  override readonly name = 'Interruption'
}

/** How a turn ended: well, with an error, or by a person. */
type Ending = RunnerError | 'interrupted' | null

/**
 * One turn, from `agent_started` to `agent_stopped`. It never rejects for what a model, a tool or
 * an abort does: that is the turn's error. The conversation is on disk before the end is told.
 */
export async function takeTurn(query: Query, context: TurnContext): Promise<void> {
  const { config, session, output } = context
  const { id, from, text } = query
  const startedAt = performance.now()
  const tally = createTally()
  output.print({ type: 'agent_started', id })
  let ending: Ending = null
  if (isIgnored(query, config)) {
    const detail = `The message does not hold "${config.trigger}".`
    output.event(id, { type: 'status', status: 'ignored', detail })
  } else {
    session.append({ type: 'user', id, from, text, at: Date.now() })
    ending = await converse(query, tally, context)
    session.append({
      type: 'end',
      id,
      error: ending === 'interrupted' ? ending : (ending?.message ?? null),
    })
    session.sync()
  }
  output.print({
    type: 'agent_stopped',
    id,
    reply: tally.reply,
    usage: usageOf(tally),
    model: tally.model,
    cost_usd: null,
    duration_ms: Math.round(performance.now() - startedAt),
    ...(ending === 'interrupted' ? { error: null, interrupted: true } : { error: ending }),
  })
}

/** A message without the trigger is no message for the agent. */
export function isIgnored({ text }: Query, { trigger }: ChatConfig): boolean {
  return trigger !== null && !hasTrigger(text, trigger)
}

/** Rounds of answer and tool calls until the model has nothing more to call, and nobody more to say. */
async function converse(query: Query, tally: Tally, context: TurnContext): Promise<Ending> {
  const { config, session, signal } = context
  try {
    for (let round = 0; round < config.limits.maxToolRounds; round++) {
      letJoin(context)
      const answer = await askModel(query, tally, context)
      if (answer.kind === 'failure') {
        const { kind: _, ...failure } = answer
        return failure
      }
      addUsage(tally, answer)
      const { text, toolCalls } = answer
      session.append({ type: 'assistant', text, toolCalls })
      if (toolCalls.length === 0 && !letJoin(context)) {
        return null
      }
      for (const call of toolCalls) {
        signal.throwIfAborted()
        session.append(await callTool(query.id, call, context))
      }
    }
    return {
      class: 'unknown',
      message: `The turn came to its limit of ${config.limits.maxToolRounds} rounds of tool calls.`,
    }
  } catch (error) {
    if (signal.reason instanceof Interruption) {
      return 'interrupted'
    }
    return signal.aborted
      ? { class: 'unknown', message: 'The turn was aborted.' }
      : { class: 'unknown', message: error instanceof Error ? error.message : String(error) }
  }
}

/** Messages that came since are part of the conversation from here on; returns whether there were any. */
function letJoin({ takeJoining, session, output }: TurnContext): boolean {
  const joining = takeJoining()
  for (const { id, from, text } of joining) {
    session.append({ type: 'joined', id, from, text })
    output.print({ type: 'agent_joined', id })
  }
  return joining.length > 0
}

async function askModel(
  query: Query,
  tally: Tally,
  context: TurnContext,
): Promise<ModelAnswer | ModelFailure> {
  const { config, session, model, output, signal } = context
  const memory = readMemory(config.memory, config.folder)
  const { agent, persona, systemPrompt, folder, tools } = config
  let isParagraphDue = tally.reply !== '' && !tally.reply.endsWith('\n')
  let said = ''
  const listener: ModelListener = {
    text(delta) {
      if (delta === '') {
        return
      }
      // What is said after a tool call is a paragraph of its own.
      const text = isParagraphDue ? `\n\n${delta}` : delta
      isParagraphDue = false
      said += delta
      tally.reply += text
      output.event(query.id, { type: 'text', text })
    },
    thinking: (text) => text !== '' && output.event(query.id, { type: 'thinking', text }),
  }
  const request = {
    agent,
    persona,
    memory,
    system: composeSystemPrompt({ agent, persona, systemPrompt, folder, tools, memory }),
    turns: recentTurns(session.turns, config.limits.historyBytes),
    messageCount: session.turns.length,
    tools: defineTools(tools),
  }
  const chosen = await model()
  tally.model = chosen.name
  try {
    return await chosen.answer(request, listener, signal)
  } catch (error) {
    if (signal.aborted && said !== '') {
      // What was heard of it belongs to the conversation.
      session.append({ type: 'assistant', text: said, toolCalls: [] })
    }
    throw error
  }
}
